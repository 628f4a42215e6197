import { grown, grownSize, NONE } from './growable.ts';

/** Requests after which all counts are halved: what was often seen long ago stops counting. */
export const ERA_REQUESTS = 1024;

/**
 * Numbers the blocks that somebody holds, by their 64-bit hash, and counts for each its holders and the requests of
 * late that carried it. A hash table with chains over typed arrays: 22 bytes a block and 2 to 4 for its bucket.
 */
export class BlockTable {
  #buckets: Int32Array = new Int32Array(256).fill(NONE);
  #low: Uint32Array = new Uint32Array(0);
  #high: Uint32Array = new Uint32Array(0);
  #next: Int32Array = new Int32Array(0);
  #seen: Uint16Array = new Uint16Array(0);
  #era: Uint16Array = new Uint16Array(0);
  #free = NONE;
  #used = 0;
  #now = 0;
  /** By block: its first holding, and how many there are. */
  firstHolding: Int32Array = new Int32Array(0);
  holders: Uint16Array = new Uint16Array(0);

  get bytes(): number {
    const perBlock = [this.#low, this.#high, this.#next, this.#seen, this.#era, this.firstHolding, this.holders];
    return perBlock.reduce((sum, array) => sum + array.byteLength, this.#buckets.byteLength);
  }

  find(low: number, high: number): number {
    let block = this.#buckets[this.#bucketOf(low, high)]!;
    while (block !== NONE && (this.#low[block] !== low || this.#high[block] !== high)) block = this.#next[block]!;
    return block;
  }

  findOrAdd(low: number, high: number): number {
    const known = this.find(low, high);
    return known === NONE ? this.#add(low, high) : known;
  }

  remove(block: number): void {
    const bucket = this.#bucketOf(this.#low[block]!, this.#high[block]!);
    if (this.#buckets[bucket] === block) this.#buckets[bucket] = this.#next[block]!;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#next[before] !== block) before = this.#next[before]!;
      this.#next[before] = this.#next[block]!;
    }
    this.#next[block] = this.#free;
    this.#free = block;
  }

  /** Requests of late that carried it, halved at each era since. */
  seen(block: number): number {
    const eras = (this.#now - this.#era[block]!) & 0xffff;
    return eras > 15 ? 0 : this.#seen[block]! >>> eras;
  }

  countSeen(block: number): void {
    this.#seen[block] = this.seen(block) + 1;
    this.#era[block] = this.#now;
  }

  startEra(): void {
    this.#now = (this.#now + 1) & 0xffff;
  }

  #add(low: number, high: number): number {
    const block = this.#free === NONE ? this.#used++ : this.#free;
    if (block === this.#free) this.#free = this.#next[block]!;
    else if (block === this.#low.length) this.#grow();
    this.#low[block] = low;
    this.#high[block] = high;
    this.#seen[block] = 0;
    this.#era[block] = this.#now;
    this.firstHolding[block] = NONE;
    this.holders[block] = 0;
    this.#chain(block);
    return block;
  }

  #chain(block: number): void {
    const bucket = this.#bucketOf(this.#low[block]!, this.#high[block]!);
    this.#next[block] = this.#buckets[bucket]!;
    this.#buckets[bucket] = block;
  }

  #grow(): void {
    const size = grownSize(this.#low.length);
    this.#low = grown(this.#low, size);
    this.#high = grown(this.#high, size);
    this.#next = grown(this.#next, size);
    this.#seen = grown(this.#seen, size);
    this.#era = grown(this.#era, size);
    this.firstHolding = grown(this.firstHolding, size);
    this.holders = grown(this.holders, size);
    if (size <= 2 * this.#buckets.length) return;
    // No block is free when the arrays grow, so that all below `used - 1` are chained and the last one is on its way.
    this.#buckets = new Int32Array(2 * this.#buckets.length).fill(NONE);
    for (let block = 0; block < this.#used - 1; block += 1) this.#chain(block);
  }

  /** Mixes, since traces number their blocks instead of hashing them. */
  #bucketOf(low: number, high: number): number {
    const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & (this.#buckets.length - 1);
  }
}
