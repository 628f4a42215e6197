import type { IterationModel } from './iteration-model.ts';
import { KV_BLOCK_TOKENS, type KvPool } from './kv-pool.ts';
import type { Sequence } from './sequence.ts';

interface Member {
  readonly sequence: Sequence;
  /** Step and length at which it joined: while it stays, its length is what that was plus the steps since. */
  readonly joinedAt: number;
  readonly joinedLength: number;
  readonly finishesAt: number;
}

/**
 * The sequences that decode. All grow by one token a step, so sums over them are kept and a jump over `k` steps costs
 * one pass over the members, not `k`.
 */
export class DecodeBatch {
  readonly #model: IterationModel;
  readonly #pool: KvPool;
  readonly #reserved: boolean;
  #members: Member[] = [];
  #step = 0;
  #contextTokens = 0;
  /** Members by (length - step) mod 16: which of them need a new block at which step. */
  readonly #phases = new Array<number>(KV_BLOCK_TOKENS).fill(0);

  constructor(model: IterationModel, pool: KvPool, reserved: boolean) {
    this.#model = model;
    this.#pool = pool;
    this.#reserved = reserved;
  }

  get size(): number {
    return this.#members.length;
  }

  get contextTokens(): number {
    return this.#contextTokens;
  }

  add(sequence: Sequence): void {
    const finishesAt = this.#step + sequence.request.outputTokens - sequence.generated;
    const member = { sequence, joinedAt: this.#step, joinedLength: sequence.computedTokens, finishesAt };
    this.#members.push(member);
    this.#contextTokens += member.joinedLength;
    this.#phases[phaseOf(member)]! += 1;
  }

  /** Steps that are sure to decode just these sequences: until one finishes, memory runs out or the cost formula bends. */
  equalSteps(): number {
    let steps = this.#members.reduce((least, { finishesAt }) => Math.min(least, finishesAt - this.#step), Infinity);
    if (!this.#reserved && this.blocksFor(steps) > this.#pool.freeBlocks) steps = this.#stepsThatFit(steps);
    return Math.min(steps, this.#model.stepsUntilSparse(this.size, this.#contextTokens));
  }

  /** Time of the next `steps` iterations: sum over i of decode(size) + kv x (context + size x i). */
  jumpMs(steps: number): number {
    const reads = this.#model.attended(this.size, this.#contextTokens);
    const growth = reads < this.#contextTokens ? 0 : this.size;
    const tokens = steps * reads + (growth * steps * (steps - 1)) / 2;
    return steps * this.#model.decodeMs(this.size) + tokens * this.#model.kvMsPerToken;
  }

  /** The fewest steps that take at least `elapsedMs`, at least one and at most `most`. */
  stepsUntil(elapsedMs: number, most: number): number {
    return leastSteps(1, most, (steps) => this.jumpMs(steps) >= elapsedMs);
  }

  /** New KV blocks for `steps` more tokens of each member. */
  blocksFor(steps: number): number {
    if (this.#reserved) return 0;
    let blocks = Math.floor(steps / KV_BLOCK_TOKENS) * this.size;
    for (let at = 0; at < steps % KV_BLOCK_TOKENS; at++) {
      blocks += this.#phases[(2 * KV_BLOCK_TOKENS - ((this.#step + at) % KV_BLOCK_TOKENS)) % KV_BLOCK_TOKENS]!;
    }
    return blocks;
  }

  /** Lets `steps` pass. @returns those that finished, in the order in which they joined. */
  advance(steps: number): readonly Sequence[] {
    this.#pool.grow(this.blocksFor(steps));
    this.#step += steps;
    this.#contextTokens += this.size * steps;
    const finished: Sequence[] = [];
    const staying: Member[] = [];
    for (const member of this.#members) {
      if (member.finishesAt > this.#step) staying.push(member);
      else finished.push(this.#removed(member));
    }
    if (finished.length > 0) this.#members = staying;
    return finished;
  }

  removeYoungest(): Sequence {
    return this.#removed(this.#members.pop()!);
  }

  #removed(member: Member): Sequence {
    const { sequence, joinedAt, joinedLength } = member;
    const since = this.#step - joinedAt;
    const grown = Math.ceil((joinedLength + since) / KV_BLOCK_TOKENS) - Math.ceil(joinedLength / KV_BLOCK_TOKENS);
    this.#pool.release(sequence.held, sequence.held.privateBlocks + (this.#reserved ? 0 : grown));
    this.#contextTokens -= joinedLength + since;
    this.#phases[phaseOf(member)]! -= 1;
    sequence.generated += since;
    return sequence;
  }

  #stepsThatFit(most: number): number {
    const free = this.#pool.freeBlocks;
    return Math.max(1, leastSteps(1, most, (steps) => this.blocksFor(steps) > free) - 1);
  }
}

function phaseOf({ joinedLength, joinedAt }: Member): number {
  return (((joinedLength - joinedAt) % KV_BLOCK_TOKENS) + KV_BLOCK_TOKENS) % KV_BLOCK_TOKENS;
}

function leastSteps(from: number, to: number, enough: (steps: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
