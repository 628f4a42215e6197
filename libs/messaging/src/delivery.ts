import { fromWire } from './envelope.ts';
import type { BatchHandler, Position, RecordBatch } from './event-bus.ts';
import { deadLetterTopic, PoisonRecord, type ConsumedRecord, type WireRecord } from './event-record.ts';
import { retrying, type RetryPolicy } from './retrying.ts';
import { inConsumerSpan } from './tracing.ts';

export interface StoredWireRecord extends WireRecord {
  readonly offset: bigint;
}

export interface DeliveryOptions extends RetryPolicy {
  readonly group: string;
  readonly handler: BatchHandler;
  readonly sendDead: (topic: string, records: readonly WireRecord[]) => Promise<void>;
}

/** What happens between a partition and a handler; the same for every bus. */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * Hands over one slice of a partition: readable records to the handler, others to the dead letters.
   *
   * @returns the offset that the handler has been given to store: `next`, or `from` when no record was readable.
   */
  async deliver(slice: {
    topic: string;
    partition: number;
    records: readonly StoredWireRecord[];
    from: bigint | undefined;
    next: bigint;
  }): Promise<bigint | undefined> {
    const { topic, partition, from, next } = slice;
    const readable: ConsumedRecord[] = [];
    const dead: WireRecord[] = [];
    const originals = new Map<bigint, StoredWireRecord>();
    for (const wire of slice.records) {
      const record = fromWire(topic, wire);
      if ('undecodable' in record) dead.push(this.#deadLetter(topic, partition, wire, record.undecodable));
      else readable.push({ ...record, partition, offset: wire.offset });
      originals.set(wire.offset, wire);
    }
    if (dead.length > 0) await this.#retrying(() => this.#options.sendDead(deadLetterTopic(topic), dead));
    if (readable.length === 0) return from;
    return this.#handle(
      { topic, partition, records: readable, position: { group: this.#options.group, topic, partition, from, next } },
      originals,
    );
  }

  async #handle(batch: RecordBatch, originals: Map<bigint, StoredWireRecord>): Promise<bigint | undefined> {
    const poison = await this.#retrying(() => inConsumerSpan(batch, () => this.#tryHandler(batch)));
    if (poison === undefined) return batch.position.next;
    if (batch.records.length > 1) return this.#oneByOne(batch, originals);
    const { topic, partition, records, position } = batch;
    const letter = this.#deadLetter(topic, partition, originals.get(records[0]!.offset)!, poison.reason);
    await this.#retrying(() => this.#options.sendDead(deadLetterTopic(topic), [letter]));
    return position.from;
  }

  async #tryHandler(batch: RecordBatch): Promise<PoisonRecord | undefined> {
    try {
      await this.#options.handler(batch);
      return undefined;
    } catch (error) {
      if (error instanceof PoisonRecord) return error;
      throw error;
    }
  }

  /** One of them is poison: each alone shows which, and handlers are idempotent. */
  async #oneByOne(batch: RecordBatch, originals: Map<bigint, StoredWireRecord>): Promise<bigint | undefined> {
    let from = batch.position.from;
    for (const [index, record] of batch.records.entries()) {
      const isLast = index === batch.records.length - 1;
      const position: Position = { ...batch.position, from, next: isLast ? batch.position.next : record.offset + 1n };
      from = await this.#handle({ ...batch, records: [record], position }, originals);
    }
    return from;
  }

  #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    return retrying(attempt, this.#options);
  }

  #deadLetter(topic: string, partition: number, wire: StoredWireRecord, reason: string): WireRecord {
    return {
      key: wire.key,
      value: wire.value,
      headers: {
        ...wire.headers,
        dlq_reason: reason.slice(0, 1_000),
        dlq_topic: topic,
        dlq_partition: String(partition),
        dlq_offset: String(wire.offset),
        dlq_group: this.#options.group,
      },
    };
  }
}
