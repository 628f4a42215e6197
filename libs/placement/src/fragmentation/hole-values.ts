import { packed, WHOLE } from './knapsack.ts';
import { type Share, sharePrices } from './share-prices.ts';

/** The most frequent sizes: the rest changes no price that matters, and each size costs time. */
const MOST_SIZES = 64;

/**
 * What a hole of 0 to 1000 thousandths on one accelerator is worth, in thousandths of an accelerator:
 *
 *     value(hole) = the dearest set of shares that fits into it, at cutting-stock prices; value(1000) = 1000
 *
 * Intent: a hole is worth what can still be put into it, so 190 beside an 810 are worth no more than the few small shares
 * that will come; taking a share out of a hole costs value(hole) - value(hole - share), and the cheapest place is the one
 * that an optimal cutting would choose. While no shares are known, hole^2 / 1000: best fit.
 */
export function holeValues(shares: readonly Share[]): Float64Array {
  const bySize = new Map<number, number>();
  for (const { size, demand } of shares) bySize.set(size, (bySize.get(size) ?? 0) + demand);
  const known = [...bySize]
    .map(([size, demand]) => ({ size, demand }))
    .sort((a, b) => b.demand - a.demand || a.size - b.size)
    .slice(0, MOST_SIZES)
    .sort((a, b) => a.size - b.size);
  if (known.length === 0) return Float64Array.from({ length: WHOLE + 1 }, (_, hole) => (hole * hole) / WHOLE);
  const sizes = known.map(({ size }) => size);
  const values = packed(sizes, sharePrices(known)).value.map((value) => WHOLE * value);
  values[WHOLE] = WHOLE;
  return values;
}
