import type { Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import { Liveness } from '../domain/liveness.ts';
import { lost } from '../domain/replica.ts';
import type { ReplicaChanges } from '../replicas/replica-changes.ts';
import type { ReportStores } from './node-reports.service.ts';

/** Gives up nodes that have gone silent, and the replicas on them, which are then placed elsewhere. */
export class DeadNodes {
  readonly #liveness: Liveness;

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly stores: ReportStores,
    private readonly changes: ReplicaChanges,
    private readonly context: Pick<ServiceContext, 'clock' | 'logger'>,
    deadAfterMs: number,
  ) {
    this.#liveness = new Liveness(deadAfterMs);
  }

  /** Called regularly. A node that reports meanwhile lives, and keeps whatever was not yet given up. */
  async tick(): Promise<void> {
    const { nodes, replicas } = this.stores;
    const pulses = await this.transactions.run((tx) => nodes.pulses(tx));
    for (const silent of this.#liveness.observe(pulses, this.context.clock.monotonicMs())) {
      if (await this.transactions.run((tx) => nodes.markDead(tx, silent))) {
        this.context.logger.warn({ node_id: silent.nodeId }, 'a node is silent; its replicas are placed elsewhere');
      }
    }
    // Read from the books, so that what a process left undone when it was killed is done by the next.
    for (const { nodeId, deploymentId } of await this.transactions.run((tx) => replicas.onDeadNodes(tx))) {
      await this.transactions.run((tx) => this.#giveUp(tx, nodeId, deploymentId));
    }
  }

  async #giveUp(tx: EntityManager, nodeId: Id<'nod'>, deploymentId: Id<'dep'>): Promise<void> {
    const { deployments, nodes, replicas } = this.stores;
    const deployment = await deployments.lock(tx, deploymentId);
    const node = await nodes.lock(tx, nodeId);
    if (!deployment || !node?.isDead) return;
    const generation = await nodes.raiseGeneration(tx, nodeId);
    const now = this.context.clock.now();
    const ours = (await replicas.liveOnNode(tx, nodeId)).filter((replica) => replica.deploymentId === deploymentId);
    await this.changes.save(
      tx,
      deployment,
      ours.map((before) => ({ before, after: lost(before, generation, now) })),
    );
    await deployments.wake(tx, [deploymentId], now);
  }
}
