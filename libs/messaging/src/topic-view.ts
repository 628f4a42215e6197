import { setTimeout as delay } from 'node:timers/promises';
import { randomIds, systemClock, type Clock } from '@ostro/kernel';
import { fromWire, toWire } from './envelope.ts';
import type { EventBus, PartitionRange, RecordBatch, RunningSubscription } from './event-bus.ts';
import type { ConsumedRecord, EventRecord } from './event-record.ts';
import { backoffMs } from './retrying.ts';
import { isBeat, ViewFreshness } from './view-freshness.ts';
import { SnapshotStore, type SnapshotRecord, type ViewSnapshot } from './view-snapshot.ts';
import { ViewState, type DropReason, type ViewChange, type ViewCodec } from './view-state.ts';

export interface TopicViewOptions<T> {
  readonly bus: EventBus;
  readonly topic: string;
  readonly codec: ViewCodec<T>;
  readonly verify: (record: EventRecord) => boolean;
  /** Where snapshots are kept; this process alone writes there. */
  readonly directory: string;
  /** A larger value is dropped: a reader of millions of keys must not be filled by one. Default 256 KiB. */
  readonly maxRecordBytes?: number;
  /** An older snapshot may have missed tombstones: half of the topic's delete.retention.ms. Default 12 h. */
  readonly maxSnapshotAgeMs?: number;
  readonly snapshotEveryMs?: number;
  readonly clock?: Clock;
  /** Ends early when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly onDropped?: (reason: DropReason, record: EventRecord) => void;
  /** Kafka away, a damaged snapshot, a full disk, a failing listener: the view goes on with what it has. */
  readonly onError?: (error: unknown) => void;
}

/**
 * An edge copy of an owner's compacted topic, kept on disk. It starts and answers while Kafka is away, catches up by
 * itself, and never lets a bad, unsigned or older record replace a good one.
 */
export class TopicView<T> {
  readonly #options: TopicViewOptions<T>;
  readonly #clock: Clock;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #state: ViewState<T>;
  readonly #freshness: ViewFreshness;
  readonly #store: SnapshotStore;
  readonly #listeners = new Set<(change: ViewChange<T>) => void>();
  readonly #dropped: Record<DropReason, number> = { unverified: 0, undecodable: 0, too_large: 0, outdated: 0 };
  readonly #stopping = new AbortController();
  readonly #positions = new Map<number, bigint>();
  /** Keys of a partition that is read again from its start and that have not been met yet. */
  readonly #unmet = new Map<number, Set<string>>();
  readonly #ends = new Map<number, bigint>();
  readonly #ready = Promise.withResolvers<void>();
  #hasSnapshot = false;
  #isCaughtUp = false;
  #isDirty = false;
  #subscription: RunningSubscription | undefined;
  #background: Promise<unknown>[] = [];

  constructor(options: TopicViewOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal, ref: false }));
    this.#freshness = new ViewFreshness(this.#clock);
    this.#store = new SnapshotStore(options.directory, options.topic);
    this.#state = new ViewState({
      codec: options.codec,
      verify: options.verify,
      maxRecordBytes: options.maxRecordBytes ?? 256 * 1024,
      onChange: (change) => this.#changed(change),
      onDropped: (reason, record) => {
        this.#dropped[reason] += 1;
        options.onDropped?.(reason, record);
      },
    });
  }

  /** Resolves when the snapshot, if there is one, is loaded; reading the topic goes on behind. */
  async start(): Promise<void> {
    const snapshot = await this.#store.load((path, reason) => {
      this.#options.onError?.(new Error(`view snapshot ${path} is damaged and passed over: ${reason}`));
    });
    if (snapshot !== undefined) this.#restore(snapshot);
    this.#background = [this.#open(snapshot?.writtenAt), this.#snapshotRegularly()];
  }

  /** Writes a last snapshot. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#background);
    await this.#subscription?.stop();
    await this.#writeSnapshot();
  }

  /** Resolves when the view has reached the end of the topic, or holds a snapshot while Kafka cannot be reached. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  get(key: string): T | undefined {
    return this.#state.get(key);
  }

  values(): IterableIterator<T> {
    return this.#state.values();
  }

  get size(): number {
    return this.#state.size;
  }

  /** Called for each change, those of the snapshot included. @returns a function that ends it. */
  onChange(listener: (change: ViewChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Age of the newest beat on the partition that is furthest behind; Infinity before every one has had a beat. */
  ageMs(): number {
    return this.#freshness.ageMs();
  }

  /** Records that were not taken, by reason, since the start. */
  get dropped(): Readonly<Record<DropReason, number>> {
    return { ...this.#dropped };
  }

  #restore(snapshot: ViewSnapshot): void {
    for (const wire of snapshot.records) {
      const record = fromWire(snapshot.topic, wire);
      if (!('undecodable' in record)) this.#apply({ ...record, partition: wire.partition, offset: -1n });
    }
    for (const [partition, offset] of snapshot.offsets) this.#positions.set(partition, offset);
    this.#freshness.setPartitions([...snapshot.offsets.keys()]);
    this.#hasSnapshot = true;
    this.#isDirty = false;
  }

  async #open(snapshotWrittenAt: Date | undefined): Promise<void> {
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      try {
        await this.#prepare(snapshotWrittenAt);
        this.#subscription = this.#subscribe();
        return;
      } catch (error) {
        this.#options.onError?.(error);
        if (this.#hasSnapshot) this.#ready.resolve();
        await this.#wait(backoffMs(tries, Math.random));
      }
    }
  }

  /** Learns where the topic ends, and which partitions the snapshot cannot simply be continued on. */
  async #prepare(snapshotWrittenAt: Date | undefined): Promise<void> {
    const ranges = await this.#options.bus.partitions(this.#options.topic);
    const isTooOld = this.#isTooOld(snapshotWrittenAt);
    const held = Map.groupBy(this.#state.records(), ({ partition }) => partition);
    for (const range of ranges) {
      this.#ends.set(range.partition, range.end);
      const position = this.#positions.get(range.partition);
      if (!isTooOld && isWithin(position, range)) continue;
      this.#startOver(range, held.get(range.partition) ?? []);
    }
    this.#freshness.setPartitions(ranges.map(({ partition }) => partition));
    for (const { partition } of ranges) this.#sweepIfRead(partition);
    this.#checkCaughtUp();
  }

  #isTooOld(snapshotWrittenAt: Date | undefined): boolean {
    if (snapshotWrittenAt === undefined) return false;
    const maxAgeMs = this.#options.maxSnapshotAgeMs ?? 12 * 3_600_000;
    return this.#clock.now().getTime() - snapshotWrittenAt.getTime() > maxAgeMs;
  }

  /** What is held of the partition stays until it was read again; what is not met by then is gone. */
  #startOver({ partition, start, end }: PartitionRange, held: readonly ConsumedRecord[]): void {
    this.#positions.delete(partition);
    this.#unmet.set(partition, new Set(held.map(({ key }) => key)));
    if (start === end) this.#positions.set(partition, end);
  }

  #subscribe(): RunningSubscription {
    const { bus, topic } = this.#options;
    return bus.subscribeWithStoredOffsets({
      // A group of its own: every reader sees every partition.
      group: `view.${topic}.${randomIds('inc')}`,
      topics: [topic],
      loadOffset: (_topic, partition) => Promise.resolve(this.#positions.get(partition)),
      handler: (batch) => this.#take(batch),
      onCrash: (error) => {
        this.#options.onError?.(error);
        this.#background.push(this.#open(undefined));
      },
    });
  }

  #take({ partition, records, position }: RecordBatch): Promise<void> {
    const unmet = this.#unmet.get(partition);
    for (const record of records) {
      unmet?.delete(record.key);
      this.#apply(record);
    }
    this.#positions.set(partition, position.next);
    this.#isDirty = true;
    this.#sweepIfRead(partition);
    this.#checkCaughtUp();
    return Promise.resolve();
  }

  #apply(record: ConsumedRecord): void {
    if (!isBeat(record)) this.#state.apply(record);
    else if (this.#state.isAcceptable(record)) this.#freshness.beat(record);
  }

  /** What a partition read from its start no longer holds was removed while we were away. */
  #sweepIfRead(partition: number): void {
    const unmet = this.#unmet.get(partition);
    if (unmet === undefined || !this.#isRead(partition)) return;
    for (const key of unmet) this.#state.remove(key);
    this.#unmet.delete(partition);
  }

  #isRead(partition: number): boolean {
    return (this.#positions.get(partition) ?? -1n) >= this.#ends.get(partition)!;
  }

  #checkCaughtUp(): void {
    if (this.#isCaughtUp || ![...this.#ends.keys()].every((partition) => this.#isRead(partition))) return;
    this.#isCaughtUp = true;
    this.#ready.resolve();
    void this.#writeSnapshot();
  }

  #changed(change: ViewChange<T>): void {
    this.#isDirty = true;
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
  }

  async #snapshotRegularly(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#wait(this.#options.snapshotEveryMs ?? 60_000);
      await this.#writeSnapshot();
    }
  }

  #writing: Promise<void> = Promise.resolve();

  /** One at a time. What is written was collected in one step, so offsets and records belong together. */
  #writeSnapshot(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      // While a partition is read again, a snapshot would pass what is left of the old one for new.
      if (!this.#isDirty || this.#unmet.size > 0) return;
      this.#isDirty = false;
      try {
        await this.#store.write(this.#snapshot());
      } catch (error) {
        this.#isDirty = true;
        this.#options.onError?.(error);
      }
    });
    return this.#writing;
  }

  #snapshot(): ViewSnapshot {
    const records = [...this.#state.records(), ...this.#freshness.records()].map((record): SnapshotRecord => ({
      ...toWire(record),
      partition: record.partition,
    }));
    const writtenAt = this.#clock.now();
    return { topic: this.#options.topic, writtenAt, offsets: new Map(this.#positions), records };
  }

  async #wait(ms: number): Promise<void> {
    try {
      await this.#sleep(ms, this.#stopping.signal);
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}

function isWithin(position: bigint | undefined, { start, end }: PartitionRange): boolean {
  return position !== undefined && position >= start && position <= end;
}
