import { PrefixCache } from './prefix-cache.ts';

/** Tokens of one KV block: vLLM's default, and the unit of the whole pool. */
export const KV_BLOCK_TOKENS = 16;

const NO_BLOCKS: readonly number[] = [];

export interface Held {
  readonly prefix: readonly number[];
  privateBlocks: number;
}

export interface Wanted {
  readonly inputTokens: number;
  readonly prefixBlocks?: readonly number[];
  /** To be left free for sequences that grow. */
  readonly spareBlocks?: number;
}

export interface Taken {
  readonly held: Held;
  /** Tokens of the prompt that were cached. */
  readonly cachedTokens: number;
}

/**
 * The memory of the KV cache in blocks of 16 tokens: some belong to one sequence, some are prefix blocks that sequences
 * share and that stay behind when nobody uses them. What is free is what is unused or can be evicted.
 */
export class KvPool {
  readonly totalBlocks: number;
  readonly #prefixBlockTokens: number;
  readonly #perPrefix: number;
  readonly #cache = new PrefixCache();
  #privateBlocks = 0;

  constructor(poolTokens: number, prefixBlockTokens: number) {
    this.totalBlocks = Math.floor(poolTokens / KV_BLOCK_TOKENS);
    this.#prefixBlockTokens = prefixBlockTokens;
    this.#perPrefix = prefixBlockTokens / KV_BLOCK_TOKENS;
  }

  get freeBlocks(): number {
    return this.totalBlocks - this.#privateBlocks - (this.#cache.size - this.#cache.evictable) * this.#perPrefix;
  }

  get usedMilli(): number {
    return this.totalBlocks === 0 ? 1000 : Math.floor(((this.totalBlocks - this.freeBlocks) * 1000) / this.totalBlocks);
  }

  /** Blocks for `tokens`, those of the request's prefix shared. @returns undefined while fewer than `spareBlocks` would stay free. */
  take(tokens: number, { inputTokens, prefixBlocks, spareBlocks = 0 }: Wanted): Taken | undefined {
    const shared = this.#whole(prefixBlocks, inputTokens);
    const privateBlocks = Math.ceil((tokens - shared.length * this.#prefixBlockTokens) / KV_BLOCK_TOKENS);
    const newlyUsed = this.#cache.idleAmong(shared) + this.#cache.missingAmong(shared);
    if (privateBlocks + newlyUsed * this.#perPrefix + spareBlocks > this.freeBlocks) return undefined;
    const cachedTokens = Math.min(this.#cache.matched(shared) * this.#prefixBlockTokens, inputTokens - 1);
    this.#cache.pin(shared);
    this.#privateBlocks += privateBlocks;
    this.#evictSurplus();
    return { held: { prefix: shared, privateBlocks }, cachedTokens };
  }

  /** More blocks for sequences that grew; the caller has looked at `freeBlocks`. */
  grow(blocks: number): void {
    this.#privateBlocks += blocks;
    this.#evictSurplus();
  }

  release({ prefix }: Held, privateBlocks: number): void {
    this.#privateBlocks -= privateBlocks;
    this.#cache.unpin(prefix);
  }

  #evictSurplus(): void {
    const over = this.#privateBlocks + this.#cache.size * this.#perPrefix - this.totalBlocks;
    if (over > 0) this.#cache.evict(Math.ceil(over / this.#perPrefix));
  }

  #whole(prefix: readonly number[] | undefined, inputTokens: number): readonly number[] {
    if (prefix === undefined || prefix.length === 0) return NO_BLOCKS;
    return prefix.slice(0, Math.floor(inputTokens / this.#prefixBlockTokens));
  }
}
