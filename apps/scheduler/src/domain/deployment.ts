import type { Id } from '@ostro/kernel';
import type { Autoscaling } from './autoscaling.ts';
import type { Condition, DeploymentPhase, Wanted } from './condition.ts';
import { type DrainReason, isPatient, isTerminal, isWanted, type Replica } from './replica.ts';
import { type Replacement, replacement } from './restarts.ts';

/** A project's desired state of replicas. */
export interface Deployment {
  readonly id: Id<'dep'>;
  readonly organizationId: Id<'org'>;
  readonly projectId: Id<'prj'>;
  readonly name: string;
  readonly endpointId: Id<'ept'>;
  readonly revisionId: Id<'rev'>;
  /** Wanted now: set by hand or, with autoscaling, decided by demand. */
  readonly replicas: number;
  readonly autoscaling: Autoscaling | null;
  /** By which demand changed the number last. */
  readonly scalingDecisionId: Id<'dec'> | null;
  /** Raised at each change of the spec. */
  readonly generation: bigint;
  /** Generation the reconciler acted upon last. */
  readonly observedGeneration: bigint;
  readonly isDeleting: boolean;
  readonly phase: DeploymentPhase;
  readonly conditions: readonly Condition[];
  readonly createdAt: Date;
}

export type Command =
  | { readonly kind: 'create' }
  | { readonly kind: 'place'; readonly replicaId: Id<'rep'> }
  | { readonly kind: 'drain'; readonly replicaId: Id<'rep'>; readonly reason: DrainReason }
  /** Nothing of it is left. */
  | { readonly kind: 'remove' };

export interface Plan {
  readonly commands: readonly Command[];
  /** When to look again although nothing happened. */
  readonly again: Date;
}

/** How many replicas a rollout may run beyond the wanted number. */
const SURGE = 1;
/** Pending replicas are tried again so often even if no node told of a change. */
const RETRY_MS = 5_000;
const NOTHING_RUNS: ReadonlyMap<string, number> = new Map();
/** Everything is looked at so often, so that a lost wake-up costs time and nothing else. */
const RESYNC_MS = 60_000;

/**
 * What to do next so that the replicas become what is wanted. Replicas of an older revision and those on nodes that are
 * being drained are replaced one ahead: an old one that serves goes only when a new one serves in its place, so a new
 * revision that finds no room, or never becomes ready, costs nothing that runs. What is too much goes where it is missed
 * least: `running` is how many requests each replica serves, as far as that is known.
 */
export function plan(
  wanted: Wanted,
  replicas: readonly Replica[],
  leavingNodes: ReadonlySet<Id<'nod'>>,
  now: Date,
  running: ReadonlyMap<string, number> = NOTHING_RUNS,
): Plan {
  const later = (ms: number) => new Date(now.getTime() + ms);
  const live = replicas.filter((replica) => !isTerminal(replica));
  const again = replacementOf(wanted, replicas, now);
  if (wanted.isDeleting) {
    const drains = live
      .filter((replica) => isWanted(replica) || isPatient(replica))
      .map(({ id }) => drain(id, 'DELETED'));
    const commands: Command[] = live.length === 0 ? [{ kind: 'remove' }] : drains;
    return { commands, again: later(RESYNC_MS) };
  }
  const parts = divide(wanted, live, leavingNodes);
  const drains = [
    ...drainsOf(wanted, parts, cheapestFirst(running)),
    ...live.filter((replica) => isHurried(replica, leavingNodes)).map(({ id }) => drain(id, 'NODE_DRAINING')),
  ];
  const leaving = new Set(drains.map(({ replicaId }) => replicaId));
  const missing = again.kind === 'now' ? missingOf(wanted, parts, leaving) : 0;
  const pending = parts.kept.filter(({ id, phase }) => phase === 'pending' && !leaving.has(id));
  return {
    commands: [
      ...drains,
      ...Array.from({ length: missing }, () => ({ kind: 'create' }) as const),
      ...pending.map(({ id }) => ({ kind: 'place', replicaId: id }) as const),
    ],
    again: soonest(again.kind === 'at' ? again.at : undefined, later(pending.length > 0 ? RETRY_MS : RESYNC_MS)),
  };
}

/** Whether a failed replica of the wanted revision may be replaced. */
export function replacementOf(wanted: Wanted, replicas: readonly Replica[], now: Date): Replacement {
  const failed = replicas.filter(({ phase, revisionId }) => phase === 'failed' && revisionId === wanted.revisionId);
  return replacement(failed, wanted.replicas, now);
}

interface Parts {
  /** Of the current revision, on nodes that stay. */
  readonly kept: readonly Replica[];
  readonly outdated: readonly Replica[];
  readonly reasonOf: (replica: Replica) => DrainReason;
}

function divide(wanted: Wanted, live: readonly Replica[], leavingNodes: ReadonlySet<Id<'nod'>>): Parts {
  const isCurrent = ({ revisionId }: Replica) => revisionId === wanted.revisionId;
  const isLeaving = ({ nodeId }: Replica) => nodeId !== null && leavingNodes.has(nodeId);
  const [kept, outdated]: [Replica[], Replica[]] = [[], []];
  for (const replica of live.filter(isWanted)) {
    (isCurrent(replica) && !isLeaving(replica) ? kept : outdated).push(replica);
  }
  return { kept, outdated, reasonOf: (replica) => (isCurrent(replica) ? 'NODE_DRAINING' : 'ROLLED_OUT') };
}

function drainsOf({ replicas }: Wanted, { kept, outdated, reasonOf }: Parts, byPrice: Order) {
  const surplus = [...kept].sort(byPrice).slice(0, Math.max(0, kept.length - replicas));
  const standIns = Math.max(0, replicas - kept.filter(isReady).length);
  const serving = outdated.filter(isReady).sort(byPrice);
  const replaced = [
    ...outdated.filter((replica) => !isReady(replica)),
    ...serving.slice(0, Math.max(0, serving.length - standIns)),
  ];
  return [
    ...surplus.map(({ id }) => drain(id, 'SCALED_DOWN')),
    ...replaced.map((replica) => drain(replica.id, replicas === 0 ? 'SCALED_DOWN' : reasonOf(replica))),
  ];
}

function missingOf({ replicas }: Wanted, { kept, outdated }: Parts, leaving: ReadonlySet<Id<'rep'>>): number {
  const standIns = outdated.filter(({ id }) => !leaving.has(id)).length;
  return Math.max(0, Math.min(replicas - kept.length, replicas + SURGE - kept.length - standIns));
}

function drain(replicaId: Id<'rep'>, reason: DrainReason) {
  return { kind: 'drain', replicaId, reason } as const;
}

function isReady({ phase }: Replica): boolean {
  return phase === 'ready';
}

const PROGRESS = ['pending', 'placed', 'pulling', 'loading', 'ready'];

/** It may take its time, and its node may not. */
function isHurried(replica: Replica, leavingNodes: ReadonlySet<Id<'nod'>>): boolean {
  const { phase, nodeId } = replica;
  return phase === 'draining' && isPatient(replica) && nodeId !== null && leavingNodes.has(nodeId);
}

type Order = (a: Replica, b: Replica) => number;

/** What costs least to take away: least far on its way, then what serves the fewest requests, then newest. */
function cheapestFirst(running: ReadonlyMap<string, number>): Order {
  const runs = ({ id }: Replica) => running.get(id) ?? 0;
  return (a, b) => PROGRESS.indexOf(a.phase) - PROGRESS.indexOf(b.phase) || runs(a) - runs(b) || (a.id < b.id ? 1 : -1);
}

function soonest(a: Date | undefined, b: Date): Date {
  return a !== undefined && a < b ? a : b;
}
