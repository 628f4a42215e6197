interface Entry {
  pins: number;
}

/**
 * Which prefix blocks an engine holds. Unpinned ones stay until their memory is wanted and go least recently used first,
 * as vLLM's automatic prefix caching does. A `Map` keeps insertion order, so its first unpinned key is the oldest.
 */
export class PrefixCache {
  readonly #pinned = new Map<number, Entry>();
  readonly #idle = new Set<number>();

  get size(): number {
    return this.#pinned.size + this.#idle.size;
  }

  get evictable(): number {
    return this.#idle.size;
  }

  /** How many leading blocks are held. */
  matched(blocks: readonly number[]): number {
    let count = 0;
    while (count < blocks.length && this.#holds(blocks[count]!)) count += 1;
    return count;
  }

  /** How many of these blocks nobody else uses now: pinning takes them from what can be evicted, or adds them. */
  pin(blocks: readonly number[]): void {
    for (const block of blocks) {
      this.#idle.delete(block);
      const entry = this.#pinned.get(block);
      if (entry === undefined) this.#pinned.set(block, { pins: 1 });
      else entry.pins += 1;
    }
  }

  /** Last block first, so that of one prompt the tail is evicted before the head that others share. */
  unpin(blocks: readonly number[]): void {
    for (let at = blocks.length - 1; at >= 0; at--) {
      const block = blocks[at]!;
      const entry = this.#pinned.get(block)!;
      entry.pins -= 1;
      if (entry.pins > 0) continue;
      this.#pinned.delete(block);
      this.#idle.add(block);
    }
  }

  /** Idle blocks that pinning these would take into use again. */
  idleAmong(blocks: readonly number[]): number {
    return blocks.reduce((count, block) => count + (this.#idle.has(block) ? 1 : 0), 0);
  }

  /** Blocks of these that are not held at all. */
  missingAmong(blocks: readonly number[]): number {
    return blocks.reduce((count, block) => count + (this.#holds(block) ? 0 : 1), 0);
  }

  evict(count: number): void {
    let left = count;
    for (const block of this.#idle) {
      if (left <= 0) return;
      this.#idle.delete(block);
      left -= 1;
    }
  }

  #holds(block: number): boolean {
    return this.#pinned.has(block) || this.#idle.has(block);
  }
}
