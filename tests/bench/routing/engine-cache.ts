/** What an engine's prefix cache really holds: an LRU of blocks that forgets prompts from their end. */
export class EngineCache {
  readonly #capacity: number;
  readonly #blocks = new Set<number>();

  /** @param capacity in blocks */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Leading blocks that are cached. */
  match(ids: readonly number[]): number {
    let at = 0;
    while (at < ids.length && this.#blocks.has(ids[at]!)) at += 1;
    return at;
  }

  /** Serves a prompt. @returns the leading blocks that were cached. */
  serve(ids: readonly number[]): number {
    const cached = this.match(ids);
    for (let at = ids.length - 1; at >= 0; at -= 1) {
      this.#blocks.delete(ids[at]!);
      this.#blocks.add(ids[at]!);
    }
    for (const oldest of this.#blocks) {
      if (this.#blocks.size <= this.#capacity) break;
      this.#blocks.delete(oldest);
    }
    return cached;
  }
}
