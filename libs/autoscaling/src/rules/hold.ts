import type { Tier } from '../policy/policy.ts';

/**
 * The tier in which an idle replica is cheapest, counting what its absence costs.
 *
 *     cost rate of a tier = holding price + return rate x wake time x (price of a saved second + price of a VRAM second)
 *
 * Intent: one price orders all choices of a cell, keep-alive and prewarm alike; a load occupies VRAM too, so that waking is
 * not free even when nobody minds waiting. Ties go to the faster tier. Source: ski rental with a hazard rate.
 */
export function cheapestTier(tiers: readonly Tier[], returnsPerGms: number, microEuroPerSavedSecond: number): Tier {
  const vramPerHour = tiers[0]!.microEuroPerHour;
  const waitPerHour = microEuroPerSavedSecond * 3_600 + vramPerHour;
  let best = tiers[0]!;
  let bestCost = Infinity;
  for (const tier of tiers) {
    const cost = tier.microEuroPerHour + (returnsPerGms * tier.wakeMs * waitPerHour) / 1e9;
    if (cost < bestCost) [best, bestCost] = [tier, cost];
  }
  return best;
}

/** How likely, in thousandths, a return is within a time, at a constant rate and to first order. */
export function returnMilli(returnsPerGms: number, withinMs: number): number {
  const expected = (returnsPerGms * withinMs) / 1e9;
  return Math.round((1000 * expected) / (1 + expected));
}
