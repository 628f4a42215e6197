import { usageV1 } from '@ostro/contracts';
import type { Spool } from '@ostro/spool';
import { END, recordedEntry, replayedEntry } from './usage-payload.ts';

const MOST_IN_MEMORY = 5_000;

/**
 * Usage that waits to be published: first what earlier incarnations left, then this one's. While Kafka is away it
 * waits on disk; only so much is held in memory.
 */
export class UsageBacklog {
  readonly #spool: Spool;
  readonly #incarnation: string;
  readonly #mostInMemory: number;
  #earlier: AsyncIterator<usageV1.UsageEntry> | undefined;
  #queue: usageV1.UsageEntry[] = [];
  /** First spool sequence that is on disk only. */
  #onDiskFrom: bigint | undefined;
  #newestEnd = 0n;
  #arrival = Promise.withResolvers<void>();

  constructor(spool: Spool, incarnation: string, earlier: AsyncIterable<usageV1.UsageEntry>, most = MOST_IN_MEMORY) {
    this.#spool = spool;
    this.#incarnation = incarnation;
    this.#earlier = earlier[Symbol.asyncIterator]();
    this.#mostInMemory = most;
  }

  add(recorded: usageV1.UsageRecorded, spoolSequence: bigint): void {
    this.#newestEnd = spoolSequence;
    if (this.#onDiskFrom !== undefined || this.#queue.length >= this.#mostInMemory) this.#onDiskFrom ??= spoolSequence;
    else this.#queue.push(recordedEntry(recorded));
    this.#arrival.resolve();
  }

  /**
   * The incarnation ends cleanly: what is published up to here is all there is. While records wait on disk it is left
   * to the next start to say so.
   */
  end(lastSequence: bigint): void {
    if (this.#onDiskFrom === undefined) this.#queue.push(replayedEntry(this.#incarnation, lastSequence));
    this.#arrival.resolve();
  }

  arrived(): Promise<void> {
    return this.#arrival.promise;
  }

  async take(most: number): Promise<readonly usageV1.UsageEntry[]> {
    const entries = this.#earlier === undefined ? [] : await this.#takeEarlier(most);
    if (entries.length > 0) return entries;
    this.#arrival = Promise.withResolvers();
    if (this.#queue.length > 0) return this.#queue.splice(0, most);
    return this.#onDiskFrom === undefined ? [] : this.#takeFromDisk(this.#onDiskFrom, most);
  }

  async #takeEarlier(most: number): Promise<usageV1.UsageEntry[]> {
    const entries: usageV1.UsageEntry[] = [];
    while (entries.length < most && this.#earlier !== undefined) {
      const next = await this.#earlier.next();
      if (next.done) this.#earlier = undefined;
      else entries.push(next.value);
    }
    return entries;
  }

  async #takeFromDisk(from: bigint, most: number): Promise<usageV1.UsageEntry[]> {
    const entries: usageV1.UsageEntry[] = [];
    for await (const { incarnation, sequence, kind, payload } of this.#spool.read({
      incarnation: this.#incarnation,
      sequence: from,
    })) {
      if (incarnation !== this.#incarnation || sequence < from || kind !== END) continue;
      entries.push(recordedEntry(usageV1.UsageRecorded.decode(payload)));
      this.#onDiskFrom = sequence + 1n;
      if (entries.length === most) return entries;
    }
    if (this.#onDiskFrom! > this.#newestEnd) this.#onDiskFrom = undefined;
    return entries;
  }
}
