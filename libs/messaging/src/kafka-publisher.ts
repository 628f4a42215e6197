import { DomainError } from '@ostro/kernel';
import type { Producer } from 'kafkajs';
import { assertFits, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, type WireRecord } from './event-record.ts';

interface Pending {
  readonly topic: string;
  readonly record: WireRecord;
  readonly bytes: number;
  readonly call: PublishCall;
}

interface PublishCall {
  remaining: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface KafkaPublisherOptions {
  readonly createProducer: () => Producer;
  readonly lingerMs: number;
  readonly maxPendingBytes: number;
}

/**
 * Gathers records for a few milliseconds and sends one batch at a time, so order holds. kafkajs has no accumulator
 * of its own, and one request a record would be forty times slower.
 *
 * After a failed send two things must not happen. Records queued behind it must not overtake it: they fail too. And
 * the producer must not be used again: kafkajs would reuse the sequence numbers of the batch whose fate is unknown,
 * and a broker that had stored it would drop the next batch of that size as a duplicate and acknowledge it.
 */
export class KafkaPublisher {
  readonly #options: KafkaPublisherOptions;
  readonly #queue: Pending[] = [];
  #pendingBytes = 0;
  #producer: Producer | undefined;
  #sending: Promise<void> | undefined;
  #full: (() => void) | undefined;
  #wake: () => void = () => undefined;
  /** Calls enter the queue in the order they were made, also those that had to wait for room. */
  #admission: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: KafkaPublisherOptions) {
    this.#options = options;
  }

  async publish(records: readonly { topic: string; record: WireRecord }[]): Promise<void> {
    if (this.#closed) throw brokerUnavailable('this bus is closed');
    if (records.length === 0) return;
    const sized = records.map(({ topic, record }) => ({ topic, record, bytes: assertFits(topic, record) }));
    let stored!: Promise<void>;
    this.#admission = this.#admission.then(async () => {
      while (this.#pendingBytes >= this.#options.maxPendingBytes) await this.#settled();
      stored = this.#enqueue(sized);
    });
    await this.#admission;
    await stored;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#admission;
    this.#full?.();
    while (this.#sending !== undefined) await this.#sending;
    await this.#producer?.disconnect();
    this.#producer = undefined;
  }

  #enqueue(sized: readonly Omit<Pending, 'call'>[]): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const call: PublishCall = { remaining: sized.length, resolve, reject };
      for (const item of sized) {
        this.#pendingBytes += item.bytes;
        this.#queue.push({ ...item, call });
      }
      this.#sending ??= this.#sendAll();
      if (this.#queue.length >= MAX_BATCH_RECORDS) this.#full?.();
    });
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async #sendAll(): Promise<void> {
    await this.#linger();
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#send(batch);
        this.#settle(batch);
      } catch (error) {
        const failure = brokerUnavailable('Kafka did not acknowledge in time: publish again', error);
        this.#settle([...batch, ...this.#queue.splice(0)], failure);
        await this.#discardProducer();
      }
    }
    this.#sending = undefined;
  }

  async #linger(): Promise<void> {
    if (this.#closed || this.#options.lingerMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.lingerMs);
      this.#full = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#full = undefined;
  }

  #takeBatch(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: size } of this.#queue) {
      if (count === MAX_BATCH_RECORDS || (count > 0 && bytes + size > MAX_BATCH_BYTES)) break;
      bytes += size;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    if (this.#producer === undefined) {
      const producer = this.#options.createProducer();
      await producer.connect();
      this.#producer = producer;
    }
    const byTopic = Map.groupBy(batch, ({ topic }) => topic);
    await this.#producer.sendBatch({
      acks: -1,
      topicMessages: [...byTopic].map(([topic, pending]) => ({
        topic,
        messages: pending.map(({ record: { key, value, headers, partition } }) => ({
          key,
          partition,
          value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
          headers: { ...headers },
        })),
      })),
    });
  }

  #settle(batch: readonly Pending[], failure?: DomainError): void {
    for (const { bytes, call } of batch) {
      this.#pendingBytes -= bytes;
      if (failure !== undefined) call.reject(failure);
      else if (--call.remaining === 0) call.resolve();
    }
    this.#wake();
  }

  async #discardProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    // It is thrown away because it failed; that it also fails to say goodbye adds nothing.
    await producer?.disconnect().catch(() => undefined);
  }
}

export function brokerUnavailable(message: string, cause?: unknown): DomainError {
  return new DomainError('UNAVAILABLE', 'BROKER_UNAVAILABLE', message, { cause });
}
