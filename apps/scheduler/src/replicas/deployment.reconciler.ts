import type { Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { Decision } from '@ostro/placement';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Lease } from '../deployments/deployments.repository.ts';
import { plan } from '../domain/deployment.ts';
import { nextLook, runningOf, type Scale } from '../domain/scaling.ts';
import type { Scaler } from '../scaling/scaler.ts';
import type { PlanWriter } from './plan-writer.ts';
import type { Placer } from './placer.ts';
import type { ReconcilerStores, View } from './resolution.ts';

const LEASE_MS = 10_000;
const BATCH = 16;
/** Rounds of one tick, so that a deployment that is due for ever starves nobody and a stop is never waited for long. */
const MAX_ROUNDS = 64;

export interface ReconcilerParts {
  readonly stores: ReconcilerStores;
  readonly placer: Placer;
  readonly scaler: Scaler;
  readonly writer: PlanWriter;
}

/** What one pass over a deployment took and decided. */
export interface Pass {
  readonly milliseconds: number;
  readonly decisions: readonly Decision[];
  readonly scale: Scale | undefined;
}

/**
 * Moves deployments towards what is wanted. Each pass claims a lease, decides outside of any transaction that writes,
 * and writes only while the lease's token is still the newest: first try, retry and recovery are one path, and any
 * number of processes may run it.
 */
export class DeploymentReconciler {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly parts: ReconcilerParts,
    private readonly context: Pick<ServiceContext, 'clock' | 'logger'>,
    private readonly onPass: (pass: Pass) => void,
  ) {}

  /** Reconciles everything that is due. */
  async tick(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const leases = await this.claim();
      await Promise.all(leases.map((lease) => this.#reconcileOrReport(lease)));
      if (leases.length === 0) return;
    }
  }

  async claim(limit = BATCH): Promise<readonly Lease[]> {
    const now = this.context.clock.now();
    const until = new Date(now.getTime() + LEASE_MS);
    return this.transactions.run((tx) => this.parts.stores.deployments.claimDue(tx, { now, until, limit }));
  }

  /** One pass. Answers whether it wrote: false when the lease was lost or the spec changed under it. */
  async reconcile(lease: Lease): Promise<boolean> {
    const startedMs = this.context.clock.monotonicMs();
    const view = await this.transactions.run((tx) => this.#view(tx, lease.deploymentId), {
      isolation: 'REPEATABLE READ',
    });
    if (!view) return false;
    const now = this.context.clock.now();
    const { scale } = view;
    const replicas = scale?.decision.replicas ?? view.deployment.replicas;
    const wanted = { ...view.deployment, replicas };
    const planned = plan(wanted, view.replicas, view.leavingNodes, now, view.running);
    const next = scale ? { ...planned, again: nextLook(scale, planned.again, now) } : planned;
    const pending = next.commands.flatMap((command) => (command.kind === 'place' ? [{ id: command.replicaId }] : []));
    const decisions = await this.parts.placer.decide(pending, view.revision, view.deployment.organizationId);
    const wrote = await this.parts.writer.write(lease, { view, plan: next, decisions });
    this.onPass({ milliseconds: this.context.clock.monotonicMs() - startedMs, decisions, scale });
    return wrote;
  }

  /** A deployment that cannot be reconciled stays leased until its lease ends, and is tried again then. */
  async #reconcileOrReport(lease: Lease): Promise<void> {
    try {
      await this.reconcile(lease);
    } catch (err) {
      this.context.logger.error({ err, deployment_id: lease.deploymentId }, 'a deployment could not be reconciled');
    }
  }

  async #view(tx: EntityManager, id: Id<'dep'>): Promise<View | undefined> {
    const { deployments, revisions, replicas, nodes } = this.parts.stores;
    const deployment = await deployments.find(tx, id);
    if (!deployment) return undefined;
    const revision = await revisions.get(tx, deployment.revisionId);
    const all = await replicas.forPlan(tx, id, deployment.revisionId);
    const used = await nodes.findAll(
      tx,
      all.flatMap(({ nodeId }) => nodeId ?? []),
    );
    const leaving = [...used.values()].filter(({ operatorState }) => operatorState === 'draining');
    const { concurrency } = revision.spec;
    return {
      deployment,
      revision,
      replicas: all,
      leavingNodes: new Set(leaving.map((node) => node.id)),
      running: runningOf(used),
      scale: await this.parts.scaler.decide(tx, deployment, { replicas: all, nodes: used, concurrency }),
    };
  }
}
