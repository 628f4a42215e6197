import type { Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Lease } from '../deployments/deployments.repository.ts';
import { statusOf } from '../domain/condition.ts';
import { type Command, type Deployment, replacementOf } from '../domain/deployment.ts';
import { drainDeadline, drained, type DrainReason, type Replica } from '../domain/replica.ts';
import type { EndpointsRepository } from '../endpoints/endpoints.repository.ts';
import type { RoutesService } from '../routes/routes.service.ts';
import type { Scaler } from '../scaling/scaler.ts';
import type { Decided, Placer } from './placer.ts';
import type { ReplicaChange, ReplicaChanges } from './replica-changes.ts';
import type { ReconcilerStores, Resolution } from './resolution.ts';

export interface WriterParts {
  readonly stores: ReconcilerStores & { readonly endpoints: EndpointsRepository };
  readonly placer: Placer;
  readonly scaler: Scaler;
  readonly changes: ReplicaChanges;
  readonly routes: RoutesService;
}

/** Writes what a pass decided, all of it or nothing, and only under the lease it was decided with. */
export class PlanWriter {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly parts: WriterParts,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async write(lease: Lease, resolution: Resolution): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const { deployments, endpoints } = this.parts.stores;
      const held = await deployments.lockLeased(tx, lease);
      if (!held) return false;
      const now = this.context.clock.now();
      const { view } = resolution;
      if (held.generation !== view.deployment.generation) {
        await deployments.release(tx, lease, now);
        return false;
      }
      if (resolution.plan.commands.some(({ kind }) => kind === 'remove')) {
        await endpoints.remove(tx, held.endpointId);
        await deployments.remove(tx, held.id);
        return true;
      }
      const deployment = view.scale ? await this.parts.scaler.write(tx, held, view.scale) : held;
      const isMoving = await this.#apply(tx, deployment, resolution);
      await this.#saveStatus(tx, deployment, now);
      await this.parts.routes.publish(tx, deployment.endpointId);
      await deployments.release(tx, lease, isMoving ? now : resolution.plan.again);
      return true;
    });
  }

  /** Answers whether there is more to do at once. */
  async #apply(tx: EntityManager, deployment: Deployment, { view, plan, decisions }: Resolution): Promise<boolean> {
    const { replicas, nodes } = this.parts.stores;
    // Agents have reported since the plan was made: commands apply to what is so now, and mean nothing to what ended.
    const present = new Map((await replicas.live(tx, [deployment.id])).map((replica) => [replica.id, replica]));
    const drains = drainsOf(plan.commands, present);
    await nodes.lockAll(tx, [
      ...drains.flatMap(({ before }) => before.nodeId ?? []),
      ...decisions.flatMap((decision) => (decision.kind === 'placement' ? decision.nodeId : [])),
    ]);
    const created = plan.commands.filter(({ kind }) => kind === 'create').map(() => this.#newReplica(deployment));
    const placings = await this.#place(tx, decisions, present);
    await this.parts.changes.save(tx, deployment, [
      ...created.map((after) => ({ before: undefined, after })),
      ...(await this.#drain(tx, drains, view.revision.spec.drainTimeoutMs)),
      ...placings,
    ]);
    return created.length > 0 || placings.some(({ isTaken }) => isTaken);
  }

  async #place(tx: EntityManager, decisions: readonly Decided[], present: ReadonlyMap<Id<'rep'>, Replica>) {
    const placings: (ReplicaChange & { readonly isTaken: boolean })[] = [];
    for (const decision of decisions) {
      const before = present.get(decision.request.replicaId);
      if (before === undefined) continue;
      const after = await this.parts.placer.write(tx, before, decision);
      placings.push({ before, after, isTaken: decision.kind === 'placement' && after === before });
    }
    return placings;
  }

  async #drain(tx: EntityManager, drains: readonly Drain[], drainTimeoutMs: number): Promise<readonly ReplicaChange[]> {
    const now = this.context.clock.now();
    const changes: ReplicaChange[] = [];
    for (const { before, reason } of drains) {
      const { nodeId } = before;
      const goalGeneration = nodeId === null ? 0n : await this.parts.stores.nodes.raiseGeneration(tx, nodeId);
      const deadline = drainDeadline(reason, drainTimeoutMs, now);
      changes.push({ before, after: drained(before, { reason, deadline, goalGeneration }, now) });
    }
    return changes;
  }

  #newReplica({ id: deploymentId, revisionId, organizationId }: Deployment): Replica {
    const now = this.context.clock.now();
    return {
      id: this.context.ids('rep'),
      deploymentId,
      revisionId,
      organizationId,
      nodeId: null,
      acceleratorIds: [],
      fencingToken: 0n,
      phase: 'pending',
      reason: 'CREATED',
      message: '',
      lastLogLines: [],
      restartCount: 0,
      decisionId: null,
      goalGeneration: 0n,
      drainDeadline: null,
      createdAt: now,
      phaseAt: now,
      readyAt: null,
    };
  }

  async #saveStatus(tx: EntityManager, deployment: Deployment, now: Date): Promise<void> {
    const { deployments, replicas } = this.parts.stores;
    const present = await replicas.forPlan(tx, deployment.id, deployment.revisionId);
    const status = statusOf(deployment, present, replacementOf(deployment, present, now), {
      before: deployment.conditions,
      now,
    });
    await deployments.save(tx, { ...deployment, ...status, observedGeneration: deployment.generation });
  }
}

interface Drain {
  readonly before: Replica;
  readonly reason: DrainReason;
}

function drainsOf(commands: readonly Command[], present: ReadonlyMap<Id<'rep'>, Replica>): readonly Drain[] {
  return commands.flatMap((command) => {
    const before = command.kind === 'drain' ? present.get(command.replicaId) : undefined;
    return command.kind === 'drain' && before ? [{ before, reason: command.reason }] : [];
  });
}
