import type { Id } from '@ostro/kernel';
import type { Residency } from '@ostro/placement';
import type { Node, NodeAddress, Site } from './node.ts';
import { NODE_LOST, type Replica } from './replica.ts';
import type { Spec } from './spec.ts';

export type RouteState = 'ready' | 'cold' | 'deleted';
export type RouteCause = 'added' | 'scaled' | 'rolled' | 'node_lost' | 'replica_failed' | 'deleted';

/** Where the requests of one endpoint may go now. */
export interface Route {
  readonly state: RouteState;
  readonly targets: readonly RouteTarget[];
}

/** One revision of a deployment; during a rollout two of them serve. */
export interface RouteTarget {
  readonly deploymentId: Id<'dep'>;
  readonly revisionId: Id<'rev'>;
  readonly weight: number;
  readonly modelDigest: string;
  readonly modelName: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly defaultMaxOutputTokens: number;
  readonly embedding: boolean;
  readonly replicas: readonly RouteReplica[];
  /** Demand decides how many there are. */
  readonly scalable: boolean;
  /** Gateways hold replicas to it too. Absent in a route that was stored before routes told it. */
  readonly residency?: Residency;
}

export interface RouteReplica extends Site {
  readonly replicaId: Id<'rep'>;
  readonly nodeId: Id<'nod'>;
  readonly address: NodeAddress;
  readonly concurrency: number;
}

/** A deployment behind an endpoint, with all that its part of the route follows from. */
export interface Backend {
  readonly deploymentId: Id<'dep'>;
  readonly weight: number;
  readonly isDeleting: boolean;
  readonly isScalable: boolean;
  readonly currentRevisionId: Id<'rev'>;
  readonly revisions: readonly ServedRevision[];
  readonly replicas: readonly Replica[];
}

export interface ServedRevision {
  readonly id: Id<'rev'>;
  readonly number: number;
  readonly spec: Spec;
  readonly modelDigest: string;
  readonly modelName: string;
}

/** Weights are shared among revisions in these units, so that a share of one replica in many is not rounded away. */
const WEIGHT_UNITS = 1_000;

/**
 * The route of an endpoint: ready while a replica serves, cold while none does, deleted once all that is behind it is
 * being deleted, even while streams still finish. A cold deployment keeps its target, so that gateways still know the
 * model and its limits.
 */
export function routeOf(backends: readonly Backend[], nodes: ReadonlyMap<Id<'nod'>, Node>): Route {
  const standing = backends.filter(({ isDeleting }) => !isDeleting);
  if (standing.length === 0) return { state: 'deleted', targets: [] };
  const targets = standing.flatMap((backend) => targetsOf(backend, nodes));
  return { state: targets.some(({ replicas }) => replicas.length > 0) ? 'ready' : 'cold', targets };
}

function targetsOf(backend: Backend, nodes: ReadonlyMap<Id<'nod'>, Node>): readonly RouteTarget[] {
  const serving = backend.revisions
    .map((revision) => ({ revision, replicas: servingReplicas(backend, revision, nodes) }))
    .filter(({ revision, replicas }) => replicas.length > 0 || revision.id === backend.currentRevisionId)
    .sort((a, b) => a.revision.number - b.revision.number);
  const total = serving.reduce((sum, { replicas }) => sum + replicas.length, 0);
  const kept = total === 0 ? serving : serving.filter(({ replicas }) => replicas.length > 0);
  return kept.map(({ revision, replicas }) => ({
    deploymentId: backend.deploymentId,
    revisionId: revision.id,
    weight: Math.round((backend.weight * WEIGHT_UNITS * replicas.length) / Math.max(1, total)),
    modelDigest: revision.modelDigest,
    modelName: revision.modelName,
    contextTokens: revision.spec.contextTokens,
    maxOutputTokens: revision.spec.maxOutputTokens,
    defaultMaxOutputTokens: revision.spec.defaultMaxOutputTokens,
    embedding: revision.spec.embedding,
    replicas,
    scalable: backend.isScalable,
    residency: revision.spec.residency,
  }));
}

function servingReplicas(
  { replicas }: Backend,
  { id, spec }: ServedRevision,
  nodes: ReadonlyMap<Id<'nod'>, Node>,
): readonly RouteReplica[] {
  return replicas
    .filter(({ phase, revisionId }) => phase === 'ready' && revisionId === id)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((replica) => {
      const node = replica.nodeId === null ? undefined : nodes.get(replica.nodeId);
      if (!node?.address) return [];
      const { id: nodeId, site, address } = node;
      return [{ replicaId: replica.id, nodeId, ...site, address, concurrency: spec.concurrency }];
    });
}

/** Guarded causes first: a record with a loss nobody intended is guarded whatever else is in it. */
const BY_PRECEDENCE: readonly RouteCause[] = ['node_lost', 'replica_failed', 'rolled', 'scaled'];

/** Why the route is not what it was: what became of the replicas that left it. */
export function causeOf(
  before: Route | undefined,
  after: Route,
  replicas: ReadonlyMap<Id<'rep'>, Pick<Replica, 'phase' | 'reason'>>,
): RouteCause {
  if (after.state === 'deleted') return 'deleted';
  const staying = new Set(replicaIdsOf(after));
  const causes = replicaIdsOf(before)
    .filter((id) => !staying.has(id))
    .map((id) => leavingCause(replicas.get(id)));
  return BY_PRECEDENCE.find((cause) => causes.includes(cause)) ?? 'added';
}

function leavingCause(replica: Pick<Replica, 'phase' | 'reason'> | undefined): RouteCause {
  if (replica === undefined || replica.phase === 'stopped') return 'scaled';
  if (replica.phase === 'draining') return replica.reason === 'ROLLED_OUT' ? 'rolled' : 'scaled';
  return replica.reason === NODE_LOST ? 'node_lost' : 'replica_failed';
}

function replicaIdsOf(route: Route | undefined): readonly Id<'rep'>[] {
  return route?.targets.flatMap(({ replicas }) => replicas.map(({ replicaId }) => replicaId)) ?? [];
}
