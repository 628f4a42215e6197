import { isNewer, type Generation } from '@ostro/kernel';
import type { ConsumedRecord, EventRecord } from './event-record.ts';

export interface ViewEntry<T> {
  readonly key: string;
  readonly generation: Generation;
  readonly value: T;
}

/** Undefined, or a thrown error, when the record means nothing to this view. It is dropped and counted. */
export type ViewCodec<T> = (record: EventRecord) => ViewEntry<T> | undefined;

export interface ViewChange<T> {
  readonly key: string;
  /** Undefined when the entry was removed. */
  readonly value: T | undefined;
  readonly previous: T | undefined;
}

export type DropReason = 'unverified' | 'undecodable' | 'too_large' | 'outdated';

export interface ViewRules<T> {
  readonly codec: ViewCodec<T>;
  /** Also asked about tombstones and beats: whoever may not write may neither remove nor feign freshness. */
  readonly verify: (record: EventRecord) => boolean;
  readonly maxRecordBytes: number;
  readonly onChange: (change: ViewChange<T>) => void;
  readonly onDropped: (reason: DropReason, record: EventRecord) => void;
}

interface Held<T> {
  readonly entry: ViewEntry<T>;
  readonly record: ConsumedRecord;
}

/** The newest good record of each key. A bad record never replaces a good one. */
export class ViewState<T> {
  readonly #rules: ViewRules<T>;
  readonly #byRecordKey = new Map<string, Held<T>>();
  readonly #byKey = new Map<string, Held<T>>();

  constructor(rules: ViewRules<T>) {
    this.#rules = rules;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key)?.entry.value;
  }

  *values(): IterableIterator<T> {
    for (const { entry } of this.#byKey.values()) yield entry.value;
  }

  get size(): number {
    return this.#byKey.size;
  }

  records(): ConsumedRecord[] {
    return [...this.#byRecordKey.values()].map(({ record }) => record);
  }

  isAcceptable(record: EventRecord): boolean {
    if (record.value.byteLength > this.#rules.maxRecordBytes) return this.#drop('too_large', record);
    return this.#verifies(record) || this.#drop('unverified', record);
  }

  apply(record: ConsumedRecord): void {
    if (!this.isAcceptable(record)) return;
    if (record.tombstone === true) {
      this.remove(record.key);
      return;
    }
    const entry = this.#decode(record);
    if (entry === undefined) {
      this.#drop('undecodable', record);
      return;
    }
    const held = this.#byKey.get(entry.key);
    const renamed = this.#byRecordKey.get(record.key);
    if (![held, renamed].every((other) => isNewer(entry.generation, other?.entry.generation))) {
      this.#drop('outdated', record);
      return;
    }
    // The same record may come to mean another key, such as a new hash: the old one must not live on.
    if (renamed !== undefined && renamed.entry.key !== entry.key) this.remove(record.key);
    if (held !== undefined) this.#byRecordKey.delete(held.record.key);
    this.#byRecordKey.set(record.key, { entry, record });
    this.#byKey.set(entry.key, { entry, record });
    this.#rules.onChange({ key: entry.key, value: entry.value, previous: held?.entry.value });
  }

  remove(recordKey: string): void {
    const held = this.#byRecordKey.get(recordKey);
    if (held === undefined) return;
    this.#byRecordKey.delete(recordKey);
    this.#byKey.delete(held.entry.key);
    this.#rules.onChange({ key: held.entry.key, value: undefined, previous: held.entry.value });
  }

  #verifies(record: EventRecord): boolean {
    try {
      return this.#rules.verify(record);
    } catch {
      // A signature that cannot even be read is no signature; the caller counts the drop.
      return false;
    }
  }

  #decode(record: EventRecord): ViewEntry<T> | undefined {
    try {
      return this.#rules.codec(record);
    } catch {
      // Bytes of an unknown format; the caller counts the drop.
      return undefined;
    }
  }

  #drop(reason: DropReason, record: EventRecord): false {
    this.#rules.onDropped(reason, record);
    return false;
  }
}
