/** A whole accelerator, in thousandths of its memory. */
export const WHOLE = 1000;

export interface Packed {
  /** For each hole from 0 to 1000: the most that shares which fit into it are worth together. */
  readonly value: Float64Array;
  /** For each hole: the last share of that packing, or -1 where its last thousandth stays empty. */
  readonly last: Int16Array;
}

/**
 * Unbounded knapsack over the holes of one accelerator:
 *
 *     value(0) = 0;  value(f) = max(value(f - 1), max over sizes s <= f of value(f - s) + price(s))
 *
 * Ties go to leaving space empty, then to the first size.
 */
export function packed(sizes: readonly number[], prices: readonly number[]): Packed {
  const value = new Float64Array(WHOLE + 1);
  const last = new Int16Array(WHOLE + 1).fill(-1);
  for (let hole = 1; hole <= WHOLE; hole += 1) {
    let best = value[hole - 1]!;
    for (let at = 0; at < sizes.length; at += 1) {
      const size = sizes[at]!;
      if (size > hole || value[hole - size]! + prices[at]! <= best) continue;
      best = value[hole - size]! + prices[at]!;
      last[hole] = at;
    }
    value[hole] = best;
  }
  return { value, last };
}

/** How often each size is in the best packing of a whole accelerator. */
export function patternOf({ last }: Packed, sizes: readonly number[]): number[] {
  const pattern = sizes.map(() => 0);
  for (let left = WHOLE; left > 0;) {
    const at = last[left]!;
    if (at >= 0) pattern[at]! += 1;
    left -= at < 0 ? 1 : sizes[at]!;
  }
  return pattern;
}
