import type { BlockHashes } from '../request.ts';
import { grown, NONE, PairTable } from './pair-table.ts';

/** Requests after which all counts are halved: what was often seen long ago stops counting. */
const ERA_REQUESTS = 1024;
/** Below so many sightings nothing is said about how common a run is. */
const FEW_SIGHTINGS = 8;

/**
 * Runs of blocks that follow each other in all prompts seen so far, as in a radix tree: a prompt is a path of runs, and
 * a run is cut in two where prompts part. Since a block's hash stands for all before it too, a run is found by the hash
 * of its first block alone, and bisection says how far a prompt follows it. Costs 8 to 12 bytes a block, and 34 to 38 a
 * run.
 */
export class Runs {
  readonly #table = new PairTable((size) => this.#grow(size));
  #hashes: Uint32Array = new Uint32Array(1024);
  #end = 0;
  #live = 0;
  #start = new Uint32Array(0);
  #length = new Uint32Array(0);
  #seen = new Uint16Array(0);
  #era = new Uint16Array(0);
  #now = 0;
  #requests = 0;
  /** By run: the first of its holdings; who removes the last one removes the run. */
  firstHolding = new Int32Array(0);

  get bytes(): number {
    const arrays = [this.#hashes, this.#start, this.#length, this.#seen, this.#era, this.firstHolding];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, this.#table.bytes);
  }

  /** The run that begins with the `at`-th block of a prompt, from 0. */
  find(blocks: BlockHashes, at: number): number {
    return this.#table.find(blocks[2 * at]!, blocks[2 * at + 1]!);
  }

  /** Blocks in it. */
  length(run: number): number {
    return this.#length[run]!;
  }

  /** How many blocks of the run found at `at` the prompt has, of its blocks before `end`: at least 1. */
  common(run: number, blocks: BlockHashes, at: number, end: number): number {
    const start = this.#start[run]!;
    let [equal, upTo] = [1, Math.min(this.#length[run]!, end - at)];
    while (equal < upTo) {
      const middle = (equal + upTo + 1) >>> 1;
      const [ours, theirs] = [2 * (start + middle - 1), 2 * (at + middle - 1)];
      if (this.#hashes[ours] === blocks[theirs] && this.#hashes[ours + 1] === blocks[theirs + 1]) equal = middle;
      else upTo = middle - 1;
    }
    return equal;
  }

  /** A new run of the prompt's blocks from `at` to `end`. */
  add(blocks: BlockHashes, at: number, end: number): number {
    this.#reserve(end - at);
    this.#hashes.set(blocks.subarray(2 * at, 2 * end), 2 * this.#end);
    const run = this.#entry(this.#end, end - at);
    this.#end += end - at;
    this.#live += end - at;
    return run;
  }

  /** Cuts a run behind its first `length` blocks. @returns the run of the others, which nobody holds yet. */
  split(run: number, length: number): number {
    const tail = this.#entry(this.#start[run]! + length, this.#length[run]! - length);
    this.#seen[tail] = this.#seen[run]!;
    this.#era[tail] = this.#era[run]!;
    this.#length[run] = length;
    return tail;
  }

  remove(run: number): void {
    this.#live -= this.#length[run]!;
    this.#length[run] = 0;
    this.#table.remove(run);
  }

  countRequest(): void {
    this.#requests += 1;
    if (this.#requests < 2 * ERA_REQUESTS) return;
    this.#requests = ERA_REQUESTS;
    this.#now = (this.#now + 1) & 0xffff;
  }

  countSeen(run: number): void {
    this.#seen[run] = this.#seenOf(run) + 1;
    this.#era[run] = this.#now;
  }

  /** Whether more than one request in `n` carries it, of the last thousand or two. */
  isCommon(run: number, n: number): boolean {
    return this.#seenOf(run) > Math.max(FEW_SIGHTINGS, this.#requests / n);
  }

  #seenOf(run: number): number {
    const eras = (this.#now - this.#era[run]!) & 0xffff;
    return eras > 15 ? 0 : this.#seen[run]! >>> eras;
  }

  #entry(start: number, length: number): number {
    const run = this.#table.add(this.#hashes[2 * start]!, this.#hashes[2 * start + 1]!);
    this.#start[run] = start;
    this.#length[run] = length;
    this.#seen[run] = 0;
    this.#era[run] = this.#now;
    this.firstHolding[run] = NONE;
    return run;
  }

  /** Room for so many hashes behind the others: what removed runs left is taken back a quarter at a time. */
  #reserve(blocks: number): void {
    if (2 * (this.#end + blocks) <= this.#hashes.length) return;
    const needed = this.#live + blocks;
    const moved = new Uint32Array(2 * (needed + Math.max(1024, needed >>> 2)));
    this.#end = 0;
    for (let run = 0; run < this.#length.length; run += 1) {
      const [start, length] = [this.#start[run]!, this.#length[run]!];
      moved.set(this.#hashes.subarray(2 * start, 2 * (start + length)), 2 * this.#end);
      this.#start[run] = this.#end;
      this.#end += length;
    }
    this.#hashes = moved;
  }

  #grow(size: number): void {
    this.#start = grown(this.#start, size);
    this.#length = grown(this.#length, size);
    this.#seen = grown(this.#seen, size);
    this.#era = grown(this.#era, size);
    this.firstHolding = grown(this.firstHolding, size);
  }
}
