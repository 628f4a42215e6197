import { grown, NONE, PairTable } from './pair-table.ts';
import type { Runs } from './runs.ts';

/** The holdings of a slot from the newest to the oldest. */
interface Lru {
  newest: number;
  oldest: number;
  /** Blocks. */
  held: number;
  capacity: number;
}

/**
 * Who holds how much of which run: an entry for each run at each slot, in one list by run and in another by slot, the
 * oldest last. All blocks of an entry were used last at the same time. Costs 34 to 36 bytes an entry.
 */
export class Holdings {
  readonly #runs: Runs;
  readonly #table = new PairTable((size) => this.#grow(size));
  readonly #lrus: Lru[] = [];
  /** Leading blocks of the run that are held. */
  #blocks = new Uint32Array(0);
  /** Neighbours among those of the same run. */
  #next = new Int32Array(0);
  #before = new Int32Array(0);
  /** Neighbours in the slot's LRU. */
  #older = new Int32Array(0);
  #newer = new Int32Array(0);

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  get bytes(): number {
    const arrays = [this.#blocks, this.#next, this.#before, this.#older, this.#newer];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, this.#table.bytes);
  }

  held(slot: number): number {
    return this.#lrus[slot]?.held ?? 0;
  }

  capacity(slot: number): number {
    return this.#lrus[slot]?.capacity ?? 0;
  }

  setCapacity(slot: number, capacity: number): void {
    this.#lrus[slot] ??= { newest: NONE, oldest: NONE, held: 0, capacity };
    this.#lrus[slot].capacity = capacity;
    this.evict(slot);
  }

  /** The first holding of a run, and the one behind another. */
  first(run: number): number {
    return this.#runs.firstHolding[run]!;
  }

  next(holding: number): number {
    return this.#next[holding]!;
  }

  find(run: number, slot: number): number {
    return this.#table.find(run, slot);
  }

  slotOf(holding: number): number {
    return this.#table.second[holding]!;
  }

  blocksOf(holding: number): number {
    return holding === NONE ? 0 : this.#blocks[holding]!;
  }

  /** The slot holds so many of the run's blocks; they are the next older ones of `newer`, or the newest of all. */
  add(run: number, slot: number, blocks: number, newer: number): number {
    const { firstHolding } = this.#runs;
    const holding = this.#table.add(run, slot);
    const next = firstHolding[run]!;
    this.#next[holding] = next;
    this.#before[holding] = NONE;
    if (next !== NONE) this.#before[next] = holding;
    firstHolding[run] = holding;
    const lru = this.#lrus[slot]!;
    this.#link(holding, newer, lru);
    this.#blocks[holding] = blocks;
    lru.held += blocks;
    return holding;
  }

  /** It is now the next older one of `newer`, or the newest of all, and has so many blocks. */
  renew(holding: number, blocks: number, newer: number): void {
    const lru = this.#lrus[this.slotOf(holding)]!;
    this.#unlink(holding, lru);
    this.#link(holding, newer, lru);
    lru.held += blocks - this.#blocks[holding]!;
    this.#blocks[holding] = blocks;
  }

  /** After a run was cut: those who held more than what is left of it hold the rest of that of `tail`. */
  split(run: number, tail: number): void {
    const length = this.#runs.length(run);
    for (let holding = this.first(run); holding !== NONE; holding = this.#next[holding]!) {
      const beyond = this.#blocks[holding]! - length;
      if (beyond <= 0) continue;
      const slot = this.slotOf(holding);
      this.#blocks[holding] = length;
      this.#lrus[slot]!.held -= beyond;
      this.add(tail, slot, beyond, holding);
    }
    if (this.first(tail) === NONE) this.#runs.remove(tail);
  }

  /** Drops the oldest blocks that are too many, prompts from their end. */
  evict(slot: number): void {
    const lru = this.#lrus[slot]!;
    while (lru.held > lru.capacity) {
      const holding = lru.oldest;
      const dropped = Math.min(this.#blocks[holding]!, lru.held - lru.capacity);
      lru.held -= dropped;
      this.#blocks[holding]! -= dropped;
      if (this.#blocks[holding] === 0) this.#remove(holding, lru);
    }
  }

  #remove(holding: number, lru: Lru): void {
    const run = this.#table.first[holding]!;
    const [before, next] = [this.#before[holding]!, this.#next[holding]!];
    if (before === NONE) this.#runs.firstHolding[run] = next;
    else this.#next[before] = next;
    if (next !== NONE) this.#before[next] = before;
    if (this.first(run) === NONE) this.#runs.remove(run);
    this.#unlink(holding, lru);
    this.#table.remove(holding);
  }

  #unlink(holding: number, lru: Lru): void {
    const [newer, older] = [this.#newer[holding]!, this.#older[holding]!];
    if (newer === NONE) lru.newest = older;
    else this.#older[newer] = older;
    if (older === NONE) lru.oldest = newer;
    else this.#newer[older] = newer;
  }

  #link(holding: number, newer: number, lru: Lru): void {
    const older = newer === NONE ? lru.newest : this.#older[newer]!;
    this.#newer[holding] = newer;
    this.#older[holding] = older;
    if (newer === NONE) lru.newest = holding;
    else this.#older[newer] = holding;
    if (older === NONE) lru.oldest = holding;
    else this.#newer[older] = holding;
  }

  #grow(size: number): void {
    this.#blocks = grown(this.#blocks, size);
    this.#next = grown(this.#next, size);
    this.#before = grown(this.#before, size);
    this.#older = grown(this.#older, size);
    this.#newer = grown(this.#newer, size);
  }
}
