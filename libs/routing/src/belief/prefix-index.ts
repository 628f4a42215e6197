import type { BlockHashes } from '../request.ts';
import { Holdings } from './holdings.ts';
import { NONE } from './pair-table.ts';
import { Runs } from './runs.ts';

/** A replica that is believed to hold the first `blocks` blocks of a prompt. */
export interface Match {
  readonly slot: number;
  readonly blocks: number;
}

/** A part of a prompt: its blocks from `at` on that are the first ones of a run. */
interface Step {
  readonly run: number;
  readonly at: number;
  readonly blocks: number;
}

/** As many holders of one prompt are told apart. */
const MOST_MATCHES = 64;

/**
 * What each replica is believed to hold in its prefix cache, learnt from where requests were sent. A replica's cache is
 * an exact LRU of its size in blocks which forgets a prompt from its end, as engines do, so that whoever holds a block
 * also holds all before it. Replicas are known by slot, a small whole number.
 *
 * Memory: 8 to 12 bytes a block and 68 to 74 for each stretch of blocks that follow each other in all prompts.
 */
export class PrefixIndex {
  readonly #runs = new Runs();
  readonly #holdings = new Holdings(this.#runs);

  get bytes(): number {
    return this.#runs.bytes + this.#holdings.bytes;
  }

  /** The slot's cache has this size, in blocks: 0 forgets all of it. */
  setCapacity(slot: number, blocks: number): void {
    this.#holdings.setCapacity(slot, blocks);
  }

  /** Blocks that the slot is believed to hold. */
  held(slot: number): number {
    return this.#holdings.held(slot);
  }

  /** A request came that carries these: they become more common. Once a request, after `insert`. */
  count(...carried: readonly BlockHashes[]): void {
    this.#runs.countRequest();
    for (const blocks of carried) for (const { run } of this.#path(blocks)) this.#runs.countSeen(run);
  }

  /** How many leading blocks of a prompt are common: more than one request in `n` carries them. */
  commonBlocks(blocks: BlockHashes, n: number): number {
    return this.#path(blocks).reduce(
      (at, step) => (step.at === at && this.#runs.isCommon(step.run, n) ? at + step.blocks : at),
      0,
    );
  }

  /**
   * Who holds more of a prompt than its leading blocks that are common, which more than one request in `n` carries; no
   * more than 64, those who hold most first.
   */
  matches(blocks: BlockHashes, n: number): readonly Match[] {
    const path = this.#path(blocks);
    const firstRare = path.findIndex(({ run }) => !this.#runs.isCommon(run, n));
    const found: Match[] = [];
    if (firstRare === -1) return found;
    for (let step = path.length - 1; step >= firstRare; step -= 1) this.#addHolders(path[step]!, found);
    return found;
  }

  /**
   * The slot has seen this prompt: its blocks are now the newest there, the first one newest of all.
   * @returns how many of its leading blocks it was believed to hold before.
   */
  insert(blocks: BlockHashes, slot: number): number {
    const end = Math.min(blocks.length / 2, this.#holdings.capacity(slot));
    let held = 0;
    let newer = NONE;
    for (let at = 0; at < end;) {
      const run = this.#runOf(blocks, at, end);
      const length = this.#runs.length(run);
      const known = this.#holdings.find(run, slot);
      // Nothing is held behind a gap.
      held += this.#holdings.blocksOf(known);
      if (known === NONE) newer = this.#holdings.add(run, slot, length, newer);
      // A prompt that repeats a hash is a broken trace's; what has just been renewed cannot be older than itself.
      else if (known !== newer) {
        this.#holdings.renew(known, length, newer);
        newer = known;
      }
      at += length;
    }
    this.#holdings.evict(slot);
    return held;
  }

  /** The run of the prompt's blocks from `at` on that ends where the prompt leaves it, made so where it is not. */
  #runOf(blocks: BlockHashes, at: number, end: number): number {
    const run = this.#runs.find(blocks, at);
    if (run === NONE) return this.#runs.add(blocks, at, end);
    const common = this.#runs.common(run, blocks, at, end);
    if (common < this.#runs.length(run)) this.#holdings.split(run, this.#runs.split(run, common));
    return run;
  }

  /** The known runs that a prompt begins with. */
  #path(blocks: BlockHashes): readonly Step[] {
    const path: Step[] = [];
    const end = blocks.length / 2;
    for (let at = 0; at < end;) {
      const run = this.#runs.find(blocks, at);
      if (run === NONE) break;
      const common = this.#runs.common(run, blocks, at, end);
      path.push({ run, at, blocks: common });
      if (common < this.#runs.length(run)) break;
      at += common;
    }
    return path;
  }

  #addHolders({ run, at, blocks }: Step, found: Match[]): void {
    const deeper = found.length;
    let holding = this.#holdings.first(run);
    for (; holding !== NONE && found.length < MOST_MATCHES; holding = this.#holdings.next(holding)) {
      const slot = this.#holdings.slotOf(holding);
      if (includes(found, deeper, slot)) continue;
      found.push({ slot, blocks: at + Math.min(blocks, this.#holdings.blocksOf(holding)) });
    }
  }
}

function includes(found: readonly Match[], count: number, slot: number): boolean {
  for (let at = 0; at < count; at += 1) if (found[at]!.slot === slot) return true;
  return false;
}
