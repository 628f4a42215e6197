import { pruneRequestIds, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { DemandLeasesRepository } from './scaling/demand-leases.repository.ts';

const DAY_MS = 24 * 3_600_000;

/** Forgets what nobody asks for any more, a bounded number of rows at a time. */
export class Retention {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly leases: DemandLeasesRepository,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  async tick(): Promise<void> {
    await this.transactions.run((tx) => pruneRequestIds(tx, this.#daysAgo(2)));
    await this.transactions.run((tx) => this.leases.prune(tx, this.#daysAgo(1)));
    await this.transactions.run((tx) =>
      tx.query(
        `DELETE FROM replicas WHERE id IN (
           SELECT id FROM replicas WHERE phase IN ('stopped', 'failed') AND phase_at < $1
             AND NOT EXISTS (SELECT 1 FROM placements WHERE replica_id = replicas.id) LIMIT 10000)`,
        [this.#daysAgo(7)],
      ),
    );
    for (const table of ['decisions', 'scaling_decisions']) {
      await this.transactions.run((tx) =>
        tx.query(
          `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE created_at < $1 ORDER BY id LIMIT 10000)`,
          [this.#daysAgo(30)],
        ),
      );
    }
    await this.transactions.run((tx) =>
      tx.query('DELETE FROM demand_mixes WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE demand_digest = digest)'),
    );
  }

  #daysAgo(days: number): Date {
    return new Date(this.context.clock.now().getTime() - days * DAY_MS);
  }
}
