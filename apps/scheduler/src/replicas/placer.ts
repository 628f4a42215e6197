import { createHash } from 'node:crypto';
import { type Id, isDomainError } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import {
  apply,
  ClusterSnapshot,
  type Decision,
  type DemandMix,
  explain,
  type Placement,
  place,
  type Profile,
} from '@ostro/placement';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { DecisionsRepository } from '../decisions/decisions.repository.ts';
import type { Revision } from '../deployments/revisions.repository.ts';
import { type Allocation, type Node, snapshotOf } from '../domain/node.ts';
import type { PlacementDemand } from '../domain/placement-demand.ts';
import { placementRequest, seedOf } from '../domain/placement-request.ts';
import { placed, type Replica, unschedulable } from '../domain/replica.ts';
import type { NodesRepository } from '../nodes/nodes.repository.ts';

/** A decision, and the demand it was made under, which the snapshot it is made again on has to be judged by. */
export type Decided = Decision & { readonly demand: DemandMix };

/** Finds room for pending replicas: decides on a snapshot, then writes only what still fits. */
export class Placer {
  readonly #profileDigest: string;

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly nodes: NodesRepository,
    private readonly decisions: DecisionsRepository,
    private readonly profile: Profile,
    private readonly demand: PlacementDemand,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {
    this.#profileDigest = `sha256:${createHash('sha256').update(profile.digestInput).digest('hex')}`;
  }

  /** Outside of any transaction that writes; each decision counts on the ones before it. */
  async decide(
    pending: readonly { readonly id: Id<'rep'> }[],
    { deploymentId, spec, model }: Revision,
    organizationId: Id<'org'>,
  ): Promise<readonly Decided[]> {
    if (pending.length === 0) return [];
    const taken = await this.transactions.run((tx) => this.#snapshot(tx), { isolation: 'REPEATABLE READ' });
    const demand = this.demand.mix;
    let snapshot = this.demand.appraise(taken);
    return pending.map(({ id }) => {
      const request = placementRequest({ id, deploymentId, organizationId }, spec, model.digest);
      const decision = place(request, snapshot, this.profile, seedOf(id));
      if (decision.kind === 'placement') snapshot = apply(snapshot, decision);
      return { ...decision, demand };
    });
  }

  /**
   * Writes a decision. The replica comes back placed, unschedulable with its reasons, or as it was when its place was
   * taken meanwhile: it is then decided anew.
   */
  async write(tx: EntityManager, replica: Replica, decision: Decided): Promise<Replica> {
    if (replica.phase !== 'pending') return replica;
    if (decision.kind === 'placement') return this.#reserve(tx, replica, decision);
    const message = reasonsOf(decision);
    // The same answer again is no news, and is not stored again.
    if (replica.reason === 'UNSCHEDULABLE' && replica.message === message) return replica;
    return unschedulable(replica, message, await this.#store(tx, replica, decision));
  }

  async #snapshot(tx: EntityManager): Promise<ClusterSnapshot> {
    const generation = await this.nodes.bookGeneration(tx);
    const allocations = Map.groupBy(await this.nodes.allocations(tx), ({ nodeId }) => nodeId);
    const nodes = await this.nodes.all(tx);
    return ClusterSnapshot.of({
      generation,
      nodes: nodes.map((node) => snapshotOf(node, allocations.get(node.id) ?? [])),
    });
  }

  async #reserve(tx: EntityManager, replica: Replica, placement: Decided & Placement): Promise<Replica> {
    const { nodeId, acceleratorIds, request } = placement;
    const node = await this.nodes.lock(tx, nodeId);
    if (!node || !fits(node, await this.nodes.allocations(tx, nodeId), placement)) return replica;
    const now = this.context.clock.now();
    const allocation = {
      replicaId: replica.id,
      deploymentId: replica.deploymentId,
      organizationId: replica.organizationId,
      nodeId,
      acceleratorIds,
      memoryBytesEach: request.accelerator.memoryBytesEach,
      cpuMilli: request.cpuMilli,
    };
    await this.nodes.reserve(tx, allocation, now);
    const decisionId = await this.#store(tx, replica, placement);
    const fencingToken = await this.nodes.nextFencingToken(tx);
    const goalGeneration = await this.nodes.raiseGeneration(tx, nodeId);
    return placed(replica, { nodeId, acceleratorIds, fencingToken, decisionId, goalGeneration }, now);
  }

  async #store(tx: EntityManager, replica: Replica, decision: Decided): Promise<Id<'dec'>> {
    const { request, explanation, demand } = decision;
    // By its first decision that is kept: a retry asks for nothing more.
    if (replica.decisionId === null) this.demand.observe(request);
    const id = this.context.ids('dec');
    await this.decisions.insert(tx, {
      id,
      organizationId: request.organizationId,
      replicaId: request.replicaId,
      nodeId: decision.kind === 'placement' ? decision.nodeId : null,
      explanation: explain(decision),
      rejections:
        decision.kind === 'placement'
          ? explanation.rejectionCounts.map(({ filter, count }) => `${filter} refused ${count}`)
          : decision.reasons.map(({ filter, count, example }) => `${filter} refused ${count}, for example: ${example}`),
      candidates: explanation.candidates,
      engineVersion: explanation.engineVersion,
      profileDigest: this.#profileDigest,
      seed: BigInt(explanation.seed),
      createdAt: this.context.clock.now(),
      demand,
    });
    return id;
  }
}

/** Checked on the books as they are under the node's lock, by the guards that decided. */
function fits(node: Node, allocations: readonly Allocation[], placement: Placement): boolean {
  const now = snapshotOf(node, allocations);
  if (now.state !== 'ready') return false;
  try {
    apply(ClusterSnapshot.of({ generation: { epoch: 0n, generation: 0n }, nodes: [now] }), placement);
    return true;
  } catch (error) {
    if (isDomainError(error) && error.reason === 'PLACEMENT_DOES_NOT_FIT') return false;
    throw error;
  }
}

/** Which resource is short on which node, without what changes from one try to the next. */
function reasonsOf(decision: Exclude<Decision, Placement>): string {
  const { reasons, wouldFit } = decision;
  const lines = reasons.map(({ filter, count, example }) => `${filter} refused ${count}, for example: ${example}`);
  return [...lines, `would fit: ${wouldFit}`].join('; ');
}
