import { billingV1, TOPICS } from '@ostro/contracts';
import { beatKey, type EventRecord, type Outbox } from '@ostro/messaging';
import { currentEpoch } from '@ostro/persistence';
import type { RecordSigner } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import { priceBookToProto } from '../prices/price-book-proto.ts';
import type { StoredPriceBook } from '../prices/price-books.repository.ts';

const { name: topic, partitions, types } = TOPICS.priceBook;
const [type] = types;

/** Writes signed price books for gateways into the outbox, in the transaction of what they tell. */
export class PriceBookRecords {
  constructor(
    private readonly outbox: Outbox,
    private readonly signer: RecordSigner,
    private readonly cellId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  async append(tx: EntityManager, book: StoredPriceBook): Promise<void> {
    const owner = { cellId: this.cellId, epoch: await currentEpoch(tx) };
    const value = billingV1.PriceBookRecord.encode(priceBookToProto(book, owner)).finish();
    await this.outbox.append(tx, [this.#signed(book.id, value)]);
  }

  /** Tells each partition that nothing older is missing. While beats of before still wait, no new ones are added. */
  async appendBeats(tx: EntityManager): Promise<void> {
    const waiting: unknown[] = await tx.query(
      'SELECT 1 FROM outbox WHERE topic = $1 AND partition IS NOT NULL LIMIT 1',
      [topic],
    );
    if (waiting.length > 0) return;
    const beats = Array.from({ length: partitions }, (_, partition) => ({
      ...this.#signed(beatKey(partition), new Uint8Array()),
      partition,
    }));
    await this.outbox.append(tx, beats);
  }

  #signed(key: string, value: Uint8Array): EventRecord {
    return {
      topic,
      key,
      type,
      id: this.context.ids('evt'),
      source: `${this.cellId}/billing`,
      subject: key,
      time: this.context.clock.now(),
      value,
      headers: { ...this.signer.sign(topic, key, value) },
    };
  }
}
