import { Delivery } from './delivery.ts';
import type { RunningSubscription, StoredOffsetSubscription, Subscription } from './event-bus.ts';
import { MAX_BATCH_RECORDS, type WireRecord } from './event-record.ts';
import type { MemoryEventBus } from './memory-event-bus.ts';
import { isStaleConsumer, retrying, SubscriptionStopped, type RetryPolicy } from './retrying.ts';
import { offsetBeyondTopic } from './stored-offsets.ts';

export interface MemorySubscriptionOptions {
  readonly bus: MemoryEventBus;
  readonly subscription: Subscription | StoredOffsetSubscription;
  /** Offsets of all groups, by group, topic and partition. */
  readonly committed: Map<string, bigint>;
  readonly rank: (of: MemorySubscription) => { index: number; size: number };
  readonly onEnd: (ended: MemorySubscription) => void;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** One member of a group in memory: takes every n-th partition and reads them in turn. */
export class MemorySubscription implements RunningSubscription {
  readonly joined = Promise.resolve();
  readonly group: string;
  readonly #options: MemorySubscriptionOptions;
  readonly #delivery: Delivery;
  readonly #policy: RetryPolicy;
  readonly #stored = new Map<string, bigint | undefined>();
  readonly #positions = new Map<string, bigint>();
  #isStopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #isAwake = false;

  constructor(options: MemorySubscriptionOptions) {
    const { subscription, bus } = options;
    this.#options = options;
    this.group = subscription.group;
    this.#policy = {
      attempts: subscription.attempts ?? 8,
      random: () => 1,
      pause: async (ms) => {
        await options.sleep(ms);
        if (this.#isStopped) throw new SubscriptionStopped();
      },
    };
    this.#delivery = new Delivery({
      ...this.#policy,
      group: subscription.group,
      handler: subscription.handler,
      sendDead: async (topic: string, records: readonly WireRecord[]) => {
        for (const record of records) bus.append(topic, record);
        return Promise.resolve();
      },
    });
    this.#skipToEndIfAsked();
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.wake();
    await this.#running;
    this.#options.onEnd(this);
  }

  wake(): void {
    this.#isAwake = true;
    this.#wake();
  }

  /** Partitions have moved between members: what was known of them may be outdated. */
  rebalanced(): void {
    this.#stored.clear();
    this.#positions.clear();
    this.wake();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopped) {
        this.#isAwake = false;
        let handled = false;
        for (const place of this.#assigned()) handled = (await this.#readOnce(place)) || handled;
        if (!handled) await this.#untilWoken();
      }
    } catch (error) {
      if (error instanceof SubscriptionStopped) return;
      this.#options.onEnd(this);
      this.#options.subscription.onCrash(error);
    }
  }

  async #untilWoken(): Promise<void> {
    if (this.#isAwake || this.#isStopped) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #assigned(): { topic: string; partition: number }[] {
    const { index, size } = this.#options.rank(this);
    const { topics } = this.#options.subscription;
    const places = topics.flatMap((topic) =>
      this.#options.bus.partitionsOf(topic).map((_log, partition) => ({ topic, partition })),
    );
    return places.filter((_place, number) => number % size === index);
  }

  async #readOnce({ topic, partition }: { topic: string; partition: number }): Promise<boolean> {
    const place = this.#placeOf(topic, partition);
    const position = await this.#positionOf(place, topic, partition);
    const log = this.#options.bus.partitionsOf(topic)[partition]!;
    const records = log.slice(Number(position), Number(position) + MAX_BATCH_RECORDS);
    if (records.length === 0) return false;
    const next = position + BigInt(records.length);
    try {
      const from = this.#stored.get(place);
      this.#stored.set(place, await this.#delivery.deliver({ topic, partition, records, from, next }));
    } catch (error) {
      if (!isStaleConsumer(error)) throw error;
      this.#positions.delete(place);
      return true;
    }
    this.#positions.set(place, next);
    if (!('loadOffset' in this.#options.subscription)) this.#options.committed.set(place, next);
    return true;
  }

  async #positionOf(place: string, topic: string, partition: number): Promise<bigint> {
    const known = this.#positions.get(place);
    if (known !== undefined) return known;
    const { subscription, committed } = this.#options;
    if (!('loadOffset' in subscription)) return committed.get(place) ?? 0n;
    const stored = await retrying(() => subscription.loadOffset(topic, partition), this.#policy);
    const end = BigInt(this.#options.bus.partitionsOf(topic)[partition]!.length);
    if (stored !== undefined && stored > end) throw offsetBeyondTopic(topic, partition, stored);
    this.#stored.set(place, stored);
    this.#positions.set(place, stored ?? 0n);
    return stored ?? 0n;
  }

  #skipToEndIfAsked(): void {
    const { subscription, committed, bus } = this.#options;
    if ('loadOffset' in subscription || subscription.fromBeginning !== false) return;
    for (const topic of subscription.topics) {
      for (const [partition, log] of bus.partitionsOf(topic).entries()) {
        const place = this.#placeOf(topic, partition);
        if (!committed.has(place)) committed.set(place, BigInt(log.length));
      }
    }
  }

  #placeOf(topic: string, partition: number): string {
    return `${this.group}\n${topic}\n${partition}`;
  }
}
