import type { SpoolPosition } from '@ostro/spool';

export interface RecentRecord {
  readonly sequence: bigint;
  readonly payload: Uint8Array;
}

const MOST_BYTES = 4 * 1024 * 1024;

/** The newest records of this incarnation, so that what was just written is not read back from the disk. */
export class RecentRecords {
  readonly #incarnation: string;
  #records: RecentRecord[] = [];
  #bytes = 0;
  /** Every record from here on is in memory. */
  #completeFrom = 1n;

  constructor(incarnation: string) {
    this.#incarnation = incarnation;
  }

  add(record: RecentRecord): void {
    this.#records.push(record);
    this.#bytes += record.payload.length;
    while (this.#bytes > MOST_BYTES) {
      const oldest = this.#records.shift()!;
      this.#bytes -= oldest.payload.length;
      this.#completeFrom = oldest.sequence + 1n;
    }
  }

  /** Undefined when some of what comes after `from` is on the disk only. */
  since(from: SpoolPosition | undefined): readonly RecentRecord[] | undefined {
    if (from?.incarnation !== this.#incarnation || from.sequence < this.#completeFrom) return undefined;
    return this.#records.filter(({ sequence }) => sequence >= from.sequence);
  }
}
