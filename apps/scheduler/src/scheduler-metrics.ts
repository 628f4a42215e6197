import type { TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { ReplicaPhase } from './domain/replica.ts';
import { outcomeOf } from './domain/scaling.ts';
import type { Pass } from './replicas/deployment.reconciler.ts';
import type { ReplicasRepository } from './replicas/replicas.repository.ts';

const PHASES: readonly ReplicaPhase[] = ['pending', 'placed', 'pulling', 'loading', 'ready', 'draining'];

/** What an operator watches: how replicas stand, what placement answers, how long a pass takes. */
export class SchedulerMetrics {
  readonly #replicas;
  readonly #decisions;
  readonly #scalings;
  readonly #passes;

  constructor(
    metrics: ServiceContext['metrics'],
    private readonly transactions: TransactionRunner,
    private readonly replicas: ReplicasRepository,
  ) {
    this.#replicas = metrics.gauge({
      name: 'ostro_replicas_count',
      help: 'Replicas that have not ended, by phase.',
      labels: ['phase'],
    });
    this.#decisions = metrics.counter({
      name: 'ostro_placement_decisions_total',
      help: 'Placement decisions, by outcome.',
      labels: ['outcome'],
    });
    this.#scalings = metrics.counter({
      name: 'ostro_scaling_decisions_total',
      help: 'Looks at the demand for a deployment, by outcome: up, down, unchanged, or held because a signal was missing.',
      labels: ['outcome'],
    });
    this.#passes = metrics.histogram({
      name: 'ostro_reconcile_seconds',
      help: 'Time of one reconciler pass over a deployment.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    });
  }

  passed({ milliseconds, decisions, scale }: Pass): void {
    this.#passes.observe(milliseconds / 1_000);
    for (const { kind } of decisions) this.#decisions.inc({ outcome: kind });
    if (scale) this.#scalings.inc({ outcome: outcomeOf(scale) });
  }

  async countReplicas(): Promise<void> {
    const counts = await this.transactions.run((tx) => this.replicas.countByPhase(tx));
    for (const phase of PHASES) this.#replicas.set({ phase }, counts.get(phase) ?? 0);
  }
}
