import { type Arrival, BLOCK_TOKENS } from './trace.ts';

const NEVER = Infinity;

/**
 * Token-weighted hit ratio of one cache of `capacity` blocks that always drops the block that is used again last
 * (Belady 1966): what no eviction can beat. A block is never used again before those it follows, so that prefixes
 * stay whole by themselves.
 */
export function beladyHitRatio(arrivals: readonly Arrival[], capacity: number): number {
  const nextUse = nextUses(arrivals);
  const cached = new Map<number, number>();
  const heap = new LatestFirst();
  let hitTokens = 0;
  let inputTokens = 0;
  arrivals.forEach(({ ids, inputTokens: tokens }, at) => {
    let hits = 0;
    while (hits < ids.length && cached.has(ids[hits]!)) hits += 1;
    hitTokens += Math.min(hits * BLOCK_TOKENS, tokens);
    inputTokens += tokens;
    ids.forEach((id, position) => {
      const use = nextUse[at]![position]!;
      cached.set(id, use);
      heap.push(use, id);
    });
    while (cached.size > capacity) {
      const [use, id] = heap.pop();
      // Only what the heap said last of a block is still true.
      if (cached.get(id) === use) cached.delete(id);
    }
  });
  return hitTokens / inputTokens;
}

/** For each block of each request, the request that uses it next. */
function nextUses(arrivals: readonly Arrival[]): readonly (readonly number[])[] {
  const next = new Map<number, number>();
  const uses: number[][] = [];
  for (let at = arrivals.length - 1; at >= 0; at -= 1) {
    uses[at] = arrivals[at]!.ids.map((id) => next.get(id) ?? NEVER);
    for (const id of arrivals[at]!.ids) next.set(id, at);
  }
  return uses;
}

/** A binary heap of (use, block), the latest use on top; at equal use the block that was numbered last, so the deepest. */
class LatestFirst {
  readonly #entries: (readonly [number, number])[] = [];

  push(use: number, id: number): void {
    const entries = this.#entries;
    let at = entries.push([use, id]) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isLater(entries[at]!, entries[parent]!)) return;
      [entries[at], entries[parent]] = [entries[parent]!, entries[at]!];
      at = parent;
    }
  }

  pop(): readonly [number, number] {
    const entries = this.#entries;
    const top = entries[0]!;
    const last = entries.pop()!;
    if (entries.length > 0) {
      entries[0] = last;
      this.#sink();
    }
    return top;
  }

  #sink(): void {
    const entries = this.#entries;
    for (let at = 0; ;) {
      let latest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < entries.length && isLater(entries[child]!, entries[latest]!)) latest = child;
      }
      if (latest === at) return;
      [entries[at], entries[latest]] = [entries[latest]!, entries[at]!];
      at = latest;
    }
  }
}

function isLater(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}
