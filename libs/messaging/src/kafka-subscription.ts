import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Batch, type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import { Delivery, type StoredWireRecord } from './delivery.ts';
import type { RunningSubscription, StoredOffsetSubscription, Subscription } from './event-bus.ts';
import { MAX_BATCH_RECORDS, type WireRecord } from './event-record.ts';
import { backoffMs, isStaleConsumer, retrying, SubscriptionStopped, type RetryPolicy } from './retrying.ts';
import { offsetBeyondTopic } from './stored-offsets.ts';

const HEARTBEAT_MS = 2_000;

export interface KafkaSubscriptionOptions {
  readonly kafka: Kafka;
  readonly subscription: Subscription | StoredOffsetSubscription;
  readonly sendDead: (topic: string, records: readonly WireRecord[]) => Promise<void>;
  readonly onEnd: (ended: KafkaSubscription) => void;
}

/** One member of a consumer group, from the first attempt to connect until it is stopped or crashes. */
export class KafkaSubscription implements RunningSubscription {
  readonly joined: Promise<void>;
  readonly #options: KafkaSubscriptionOptions;
  /** Stored offsets of partitions whose fetch position has been aligned with them since the last assignment. */
  readonly #stored = new Map<string, bigint | undefined>();
  readonly #sought = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #started: Promise<void>;
  #consumer: Consumer | undefined;
  #failure: unknown;
  #resolveJoined!: () => void;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    this.joined = new Promise((resolve) => (this.#resolveJoined = resolve));
    this.#started = this.#start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#started;
    await this.#consumer?.disconnect();
    this.#options.onEnd(this);
  }

  async #start(): Promise<void> {
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      const consumer = this.#createConsumer();
      try {
        await consumer.connect();
        await consumer.subscribe({
          topics: [...this.#options.subscription.topics],
          fromBeginning: this.#fromBeginning,
        });
        this.#consumer = consumer;
        await consumer.run({
          eachBatchAutoResolve: false,
          autoCommit: !this.#keepsItsOffsets,
          autoCommitInterval: 500,
          eachBatch: (payload) => this.#eachBatch(payload),
        });
        return;
      } catch (error) {
        this.#consumer = undefined;
        await consumer.disconnect();
        if (isRefusal(error)) return this.#crash(error);
        await this.#sleep(backoffMs(tries, Math.random));
      }
    }
  }

  get #keepsItsOffsets(): boolean {
    return 'loadOffset' in this.#options.subscription;
  }

  get #fromBeginning(): boolean {
    const { subscription } = this.#options;
    return 'loadOffset' in subscription ? true : (subscription.fromBeginning ?? true);
  }

  #createConsumer(): Consumer {
    const consumer = this.#options.kafka.consumer({
      groupId: this.#options.subscription.group,
      allowAutoTopicCreation: false,
      sessionTimeout: 8_000,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: 30_000,
      maxWaitTimeInMs: 500,
      retry: { initialRetryTime: 100, maxRetryTime: 3_000, retries: 5 },
    });
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.#stored.clear();
      this.#sought.clear();
      this.#resolveJoined();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#crash(this.#failure ?? payload.error);
    });
    return consumer;
  }

  #crash(error: unknown): void {
    this.#options.onEnd(this);
    this.#options.subscription.onCrash(error);
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const beating = setInterval(() => {
      // A rebalance shows again at the next awaited heartbeat, where it belongs to the batch.
      payload.heartbeat().catch(() => undefined);
    }, HEARTBEAT_MS);
    try {
      await this.#deliver(payload);
    } catch (error) {
      if (error instanceof SubscriptionStopped) return;
      if (error instanceof kafkajs.KafkaJSError) throw error;
      this.#failure = error;
      throw new kafkajs.KafkaJSNonRetriableError(error instanceof Error ? error.message : String(error));
    } finally {
      clearInterval(beating);
    }
  }

  async #deliver(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { subscription, sendDead } = this.#options;
    const policy: RetryPolicy = {
      attempts: subscription.attempts ?? 8,
      pause: (ms) => this.#pause(ms, payload),
      random: Math.random,
    };
    if (!(await this.#isAligned(payload, policy))) return;
    const delivery = new Delivery({ ...policy, group: subscription.group, handler: subscription.handler, sendDead });
    const place = placeOf(batch);
    for (let start = 0; start < batch.messages.length; start += MAX_BATCH_RECORDS) {
      if (!payload.isRunning() || payload.isStale() || this.#stopping.signal.aborted) return;
      const { records, last } = sliceOf(batch, start);
      try {
        const from = this.#stored.get(place);
        const slice = { topic: batch.topic, partition: batch.partition, records, from, next: last + 1n };
        this.#stored.set(place, await delivery.deliver(slice));
      } catch (error) {
        if (!isStaleConsumer(error)) throw error;
        this.#stored.delete(place);
        this.#sought.delete(place);
        return;
      }
      payload.resolveOffset(last.toString());
      // A fetch may hold thousands of records: a crash in the middle should not hand all of them over again.
      if (!this.#keepsItsOffsets) await payload.commitOffsetsIfNecessary();
      await payload.heartbeat();
    }
  }

  /**
   * With stored offsets the first fetch after an assignment starts anywhere. Nothing is handed over before the stored
   * offset has been loaded, which also notices what another member stored meanwhile.
   */
  async #isAligned({ batch }: EachBatchPayload, policy: RetryPolicy): Promise<boolean> {
    const { subscription } = this.#options;
    const place = placeOf(batch);
    if (!('loadOffset' in subscription) || this.#stored.has(place)) return true;
    const stored = await retrying(() => subscription.loadOffset(batch.topic, batch.partition), policy);
    const first = BigInt(batch.messages[0]!.offset);
    const hasSought = this.#sought.has(place);
    // Compaction leaves gaps, so after the seek a later record is right as well.
    if (stored === undefined || first === stored || (hasSought && first > stored)) {
      this.#stored.set(place, stored);
      return true;
    }
    if (hasSought) throw offsetBeyondTopic(batch.topic, batch.partition, stored);
    this.#sought.add(place);
    this.#consumer!.seek({ topic: batch.topic, partition: batch.partition, offset: stored.toString() });
    return false;
  }

  async #pause(ms: number, payload: EachBatchPayload): Promise<void> {
    await this.#sleep(ms);
    if (this.#stopping.signal.aborted || !payload.isRunning()) throw new SubscriptionStopped();
    await payload.heartbeat();
  }

  /** Ends early, without error, when the subscription is stopped. */
  async #sleep(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}

/** Trying again cannot help: wrong credentials, no right to read, an invalid name. */
function isRefusal(error: unknown): boolean {
  const { name, type } = error as { name?: string; type?: string };
  return name === 'KafkaJSSASLAuthenticationError' || /AUTHORIZATION_FAILED|INVALID_TOPIC/.test(type ?? '');
}

function fromKafka({ offset, key, value, headers }: KafkaMessage): StoredWireRecord {
  const texts: Record<string, string> = {};
  for (const [name, header] of Object.entries(headers ?? {})) {
    const first = Array.isArray(header) ? header[0] : header;
    if (first !== undefined) texts[name] = first.toString();
  }
  return { offset: BigInt(offset), key: key?.toString() ?? '', value, headers: texts };
}

/** At most a batch of records from `start`, and the last offset they stand for: compaction may have left gaps at the end. */
function sliceOf(batch: Batch, start: number) {
  const records = batch.messages.slice(start, start + MAX_BATCH_RECORDS).map(fromKafka);
  const isLast = start + MAX_BATCH_RECORDS >= batch.messages.length;
  return { records, last: isLast ? BigInt(batch.lastOffset()) : records.at(-1)!.offset };
}
