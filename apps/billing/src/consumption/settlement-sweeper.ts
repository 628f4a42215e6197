import type { TransactionRunner } from '@ostro/persistence';
import type { SettlementService } from './settlement.service.ts';

const BATCH = 200;

/** Settles what no further record will wake: requests whose witness or gateway is overdue. Several may sweep at once. */
export class SettlementSweeper {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly settlement: SettlementService,
  ) {}

  /** Settles all that is due now; a transaction holds a bounded number of rows. */
  async sweep(): Promise<void> {
    for (let settled = BATCH; settled === BATCH;) {
      settled = await this.transactions.run((tx) => this.settlement.settleDue(tx, BATCH));
    }
  }
}
