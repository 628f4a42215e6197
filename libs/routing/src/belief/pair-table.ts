type Numbers = Int32Array | Uint32Array | Uint16Array;

/** No entry. */
export const NONE = -1;

/** The same numbers in a longer array. */
export function grown<T extends Numbers>(array: T, size: number): T {
  const longer = new (array.constructor as new (length: number) => T)(size);
  longer.set(array);
  return longer;
}

/**
 * A hash table of pairs of 32-bit numbers. Each pair is an entry, a small whole number by which others keep arrays of
 * what belongs to it. Chains over typed arrays instead of a Map: 12 bytes an entry and 2 to 4 for its bucket, and
 * nothing for a garbage collector to walk through.
 */
export class PairTable {
  readonly #onGrow: (size: number) => void;
  #buckets = new Int32Array(512).fill(NONE);
  #next = new Int32Array(0);
  #free = NONE;
  #used = 0;
  first = new Uint32Array(0);
  second = new Uint32Array(0);

  /** @param onGrow entries may from now on be up to `size` */
  constructor(onGrow: (size: number) => void) {
    this.#onGrow = onGrow;
  }

  get bytes(): number {
    return this.#buckets.byteLength + this.#next.byteLength + this.first.byteLength + this.second.byteLength;
  }

  find(first: number, second: number): number {
    let entry = this.#buckets[this.#bucketOf(first, second)]!;
    while (entry !== NONE && (this.first[entry] !== first || this.second[entry] !== second)) entry = this.#next[entry]!;
    return entry;
  }

  /** Only for a pair that is not there. */
  add(first: number, second: number): number {
    const entry = this.#take();
    this.first[entry] = first;
    this.second[entry] = second;
    this.#chain(entry);
    return entry;
  }

  remove(entry: number): void {
    const bucket = this.#bucketOf(this.first[entry]!, this.second[entry]!);
    if (this.#buckets[bucket] === entry) this.#buckets[bucket] = this.#next[entry]!;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#next[before] !== entry) before = this.#next[before]!;
      this.#next[before] = this.#next[entry]!;
    }
    this.#next[entry] = this.#free;
    this.#free = entry;
  }

  #take(): number {
    const entry = this.#free;
    if (entry !== NONE) {
      this.#free = this.#next[entry]!;
      return entry;
    }
    if (this.#used === this.first.length) this.#grow();
    return this.#used++;
  }

  #chain(entry: number): void {
    const bucket = this.#bucketOf(this.first[entry]!, this.second[entry]!);
    this.#next[entry] = this.#buckets[bucket]!;
    this.#buckets[bucket] = entry;
  }

  /** A sixteenth more at a time, so that little lies idle. Only when no entry is free, so that all are in chains. */
  #grow(): void {
    const size = this.#used + Math.max(1024, this.#used >>> 4);
    this.first = grown(this.first, size);
    this.second = grown(this.second, size);
    this.#next = grown(this.#next, size);
    this.#onGrow(size);
    if (size <= 2 * this.#buckets.length) return;
    this.#buckets = new Int32Array(2 * this.#buckets.length).fill(NONE);
    for (let entry = 0; entry < this.#used; entry += 1) this.#chain(entry);
  }

  /** Mixes, since not all numbers that come are hashes. */
  #bucketOf(first: number, second: number): number {
    const mixed = Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & (this.#buckets.length - 1);
  }
}
