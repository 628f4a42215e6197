import type { BlockHashes } from '../request.ts';
import { BlockTable, ERA_REQUESTS } from './block-table.ts';
import { grown, grownSize, NONE } from './growable.ts';

/** A replica that is believed to hold the first `blocks` blocks of a prompt. */
export interface Match {
  readonly slot: number;
  readonly blocks: number;
}

/** As many holders of one prompt are told apart; beyond, its blocks are common anyway. */
const MOST_MATCHES = 64;
/** Below so many sightings nothing is said about how common a block is. */
const FEW_SIGHTINGS = 2;

/**
 * What each replica is believed to hold in its prefix cache, learnt from where requests were sent. A replica's cache is
 * an LRU of its size in blocks, which forgets a prompt from its end, as engines do, so that whoever holds a block also
 * holds all before it; most of the speed here comes from that. Replicas are known by slot, a small whole number.
 *
 * Memory: 18 bytes a holding (a block at a replica) and 24 to 26 a block, at most a quarter of each unused.
 */
export class PrefixIndex {
  readonly #table = new BlockTable();
  readonly #slots: Slot[] = [];
  #block: Int32Array = new Int32Array(0);
  #slot: Uint16Array = new Uint16Array(0);
  /** The next holding of the same block. */
  #next: Int32Array = new Int32Array(0);
  /** Neighbours in the slot's LRU. */
  #older: Int32Array = new Int32Array(0);
  #newer: Int32Array = new Int32Array(0);
  #free = NONE;
  #used = 0;
  #requests = 0;

  get bytes(): number {
    const perHolding = [this.#block, this.#slot, this.#next, this.#older, this.#newer];
    return perHolding.reduce((sum, array) => sum + array.byteLength, this.#table.bytes);
  }

  /** A replica of this cache size takes the slot, or keeps it. */
  setCapacity(slot: number, blocks: number): void {
    const state = (this.#slots[slot] ??= { newest: NONE, oldest: NONE, held: 0, capacity: 0 });
    state.capacity = blocks;
    this.#evict(state);
  }

  /** Forgets all that the slot holds. */
  forget(slot: number): void {
    this.setCapacity(slot, 0);
  }

  held(slot: number): number {
    return this.#slots[slot]?.held ?? 0;
  }

  /** A request came: its blocks become more common. Call it once a request, after `insert`. */
  count(blocks: BlockHashes): void {
    this.#requests += 1;
    if (this.#requests >= 2 * ERA_REQUESTS) {
      this.#requests = ERA_REQUESTS;
      this.#table.startEra();
    }
    for (let at = 0; at < blocks.length; at += 2) {
      const block = this.#table.find(blocks[at]!, blocks[at + 1]!);
      if (block === NONE) return;
      this.#table.countSeen(block);
    }
  }

  /** How many leading blocks more than one request in `n` carries: sending all those to one replica would overload it. */
  commonBlocks(blocks: BlockHashes, n: number): number {
    const least = Math.max(FEW_SIGHTINGS, this.#requests / n);
    return lastWhere(0, blocks.length / 2, (depth) => {
      const block = this.#find(blocks, depth);
      return block !== NONE && this.#table.seen(block) > least;
    });
  }

  /** The replicas that hold more than `beyond` of the leading blocks, most first; no more than 64. */
  matches(blocks: BlockHashes, beyond: number): readonly Match[] {
    const { holders } = this.#table;
    const found: Match[] = [];
    let least = 1;
    let upTo = blocks.length / 2;
    while (found.length < MOST_MATCHES) {
      // Who holds a block holds those before it: sets of holders only shrink with depth.
      const depth = lastWhere(beyond, upTo, (at) => {
        const block = this.#find(blocks, at);
        return block !== NONE && holders[block]! >= least;
      });
      if (depth === beyond) break;
      const block = this.#find(blocks, depth);
      this.#addHolders(block, depth, found);
      least = holders[block]! + 1;
      upTo = depth - 1;
    }
    return found;
  }

  /**
   * The replica has seen this prompt: all its blocks are now its newest, the first one newest of all.
   * @returns how many of its leading blocks it was believed to hold before.
   */
  insert(blocks: BlockHashes, slot: number): number {
    const state = this.#slots[slot]!;
    const count = Math.min(blocks.length / 2, state.capacity);
    let held = 0;
    let previous = NONE;
    let hint = NONE;
    for (let at = 0; at < count; at += 1) {
      const block = this.#table.findOrAdd(blocks[2 * at]!, blocks[2 * at + 1]!);
      let holding = held === at ? this.#holding(block, slot, hint) : NONE;
      if (holding === NONE) holding = this.#add(block, slot);
      else {
        held += 1;
        hint = this.#older[holding]!;
        this.#unlink(holding, state);
      }
      this.#linkBehind(previous, holding, state);
      previous = holding;
    }
    this.#evict(state);
    return held;
  }

  #find(blocks: BlockHashes, depth: number): number {
    return this.#table.find(blocks[2 * depth - 2]!, blocks[2 * depth - 1]!);
  }

  #addHolders(block: number, depth: number, found: Match[]): void {
    const known = found.length;
    let holding = this.#table.firstHolding[block]!;
    while (holding !== NONE && found.length < MOST_MATCHES) {
      const slot = this.#slot[holding]!;
      if (!includes(found, known, slot)) found.push({ slot, blocks: depth });
      holding = this.#next[holding]!;
    }
  }

  /** `hint` is right most of the time: blocks of one prompt lie behind each other. */
  #holding(block: number, slot: number, hint: number): number {
    if (hint !== NONE && this.#block[hint] === block) return hint;
    let holding = this.#table.firstHolding[block]!;
    while (holding !== NONE && this.#slot[holding] !== slot) holding = this.#next[holding]!;
    return holding;
  }

  #add(block: number, slot: number): number {
    const holding = this.#free === NONE ? this.#used++ : this.#free;
    if (holding === this.#free) this.#free = this.#next[holding]!;
    else if (holding === this.#block.length) this.#grow();
    this.#block[holding] = block;
    this.#slot[holding] = slot;
    this.#next[holding] = this.#table.firstHolding[block]!;
    this.#table.firstHolding[block] = holding;
    this.#table.holders[block]! += 1;
    this.#slots[slot]!.held += 1;
    return holding;
  }

  #evict(state: Slot): void {
    while (state.held > state.capacity) {
      const holding = state.oldest;
      this.#unlink(holding, state);
      this.#remove(holding);
      state.held -= 1;
    }
  }

  #remove(holding: number): void {
    const block = this.#block[holding]!;
    const { firstHolding, holders } = this.#table;
    if (firstHolding[block] === holding) firstHolding[block] = this.#next[holding]!;
    else {
      let before = firstHolding[block]!;
      while (this.#next[before] !== holding) before = this.#next[before]!;
      this.#next[before] = this.#next[holding]!;
    }
    holders[block]! -= 1;
    if (holders[block] === 0) this.#table.remove(block);
    this.#next[holding] = this.#free;
    this.#free = holding;
  }

  #unlink(holding: number, state: Slot): void {
    const older = this.#older[holding]!;
    const newer = this.#newer[holding]!;
    if (older === NONE) state.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) state.newest = older;
    else this.#older[newer] = older;
  }

  /** Makes it the next older one of `previous`, or the newest of all. */
  #linkBehind(previous: number, holding: number, state: Slot): void {
    const older = previous === NONE ? state.newest : this.#older[previous]!;
    this.#older[holding] = older;
    this.#newer[holding] = previous;
    if (older === NONE) state.oldest = holding;
    else this.#newer[older] = holding;
    if (previous === NONE) state.newest = holding;
    else this.#older[previous] = holding;
  }

  #grow(): void {
    const size = grownSize(this.#block.length);
    this.#block = grown(this.#block, size);
    this.#slot = grown(this.#slot, size);
    this.#next = grown(this.#next, size);
    this.#older = grown(this.#older, size);
    this.#newer = grown(this.#newer, size);
  }
}

interface Slot {
  newest: number;
  oldest: number;
  held: number;
  capacity: number;
}

/** The last whole number in (low, high] that passes, where all before it pass too; `low` when none does. */
function lastWhere(low: number, high: number, passes: (at: number) => boolean): number {
  let [passing, upTo] = [low, high];
  while (passing < upTo) {
    const middle = (passing + upTo + 1) >>> 1;
    if (passes(middle)) passing = middle;
    else upTo = middle - 1;
  }
  return passing;
}

function includes(found: readonly Match[], count: number, slot: number): boolean {
  for (let at = 0; at < count; at += 1) if (found[at]!.slot === slot) return true;
  return false;
}
