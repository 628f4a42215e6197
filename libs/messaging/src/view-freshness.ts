import type { Clock } from '@ostro/kernel';
import type { ConsumedRecord } from './event-record.ts';

const BEAT = /^beat\/\d+$/;

/** The key under which an owner tells a partition, each second, that it has nothing else to say. */
export function beatKey(partition: number): string {
  return `beat/${partition}`;
}

export function isBeat({ key }: { readonly key: string }): boolean {
  return BEAT.test(key);
}

/**
 * How old a view is: the age of the newest beat of the partition that is furthest behind. A beat ages on the
 * monotonic clock from the age it had when it arrived, so a clock that is set back makes nothing fresh.
 */
export class ViewFreshness {
  readonly #clock: Clock;
  readonly #beats = new Map<number, { readonly record: ConsumedRecord; readonly bornAtMs: number }>();
  #partitions: readonly number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setPartitions(partitions: readonly number[]): void {
    this.#partitions = partitions;
  }

  beat(record: ConsumedRecord): void {
    const ageOnArrivalMs = Math.max(0, this.#clock.now().getTime() - record.time.getTime());
    const bornAtMs = this.#clock.monotonicMs() - ageOnArrivalMs;
    const newest = this.#beats.get(record.partition);
    if (newest === undefined || bornAtMs > newest.bornAtMs) this.#beats.set(record.partition, { record, bornAtMs });
  }

  /** Infinity until every partition has had a beat. */
  ageMs(): number {
    if (this.#partitions.length === 0) return Infinity;
    const born = this.#partitions.map((partition) => this.#beats.get(partition)?.bornAtMs ?? -Infinity);
    return this.#clock.monotonicMs() - Math.min(...born);
  }

  records(): ConsumedRecord[] {
    return [...this.#beats.values()].map(({ record }) => record);
  }
}
