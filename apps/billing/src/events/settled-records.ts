import { billingV1, TOPICS } from '@ostro/contracts';
import type { Outbox } from '@ostro/messaging';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { SettledPosition } from '../consumption/positions.repository.ts';

const { name: topic, types } = TOPICS.usageSettled;
const [type] = types;

/** Tells gateways and agents what they may trim. */
export class SettledRecords {
  constructor(
    private readonly outbox: Outbox,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** The positions' rows must be locked by this transaction, or an older position could overtake a newer one. */
  async append(tx: EntityManager, positions: readonly SettledPosition[]): Promise<void> {
    const time = this.context.clock.now();
    const records = positions
      .filter(({ settledUpTo }) => settledUpTo > 0n)
      .map(({ incarnation, settledUpTo: upToSequence }) => ({
        topic,
        key: incarnation,
        type,
        id: this.context.ids('evt'),
        source: `${this.cellId}/billing`,
        subject: incarnation,
        time,
        value: billingV1.UsageSettled.encode({ incarnation, upToSequence, cellId: this.cellId }).finish(),
      }));
    await this.outbox.append(tx, records);
  }
}
