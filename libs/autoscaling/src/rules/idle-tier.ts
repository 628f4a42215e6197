import type { Tier } from '../policy/policy.ts';

/** What an idle replica's absence would cost. */
export interface Absence {
  /** How often it would be missed, per 10^9 ms. */
  readonly returnsPerGms: number;
  readonly microEuroPerSavedSecond: number;
  /** How long a request would wait for another replica to free. */
  readonly otherwiseMs: number;
}

/**
 * The tier in which an idle replica is cheapest, counting what its absence costs.
 *
 *     cost of a tier = holding price + return rate x wait x (price of a saved second + price of a second in VRAM)
 *     wait = min(wake time of the tier, time until another replica frees)
 *
 * Intent: one price orders all choices of a cell, keep-alive and prewarm alike. A start occupies VRAM too, so waking is not
 * free even when nobody minds waiting: at a price of zero the rule is ski rental. Ties go to the faster tier.
 */
export function cheapestTier(tiers: readonly Tier[], absence: Absence): Tier {
  const { returnsPerGms, microEuroPerSavedSecond, otherwiseMs } = absence;
  const waitPerHour = microEuroPerSavedSecond * 3_600 + tiers[0]!.microEuroPerHour;
  let cheapest = tiers[0]!;
  let lowest = Infinity;
  for (const tier of tiers) {
    const waitMs = Math.min(tier.wakeMs, otherwiseMs);
    const cost = tier.microEuroPerHour + (returnsPerGms * waitMs * waitPerHour) / 1e9;
    if (cost < lowest) [cheapest, lowest] = [tier, cost];
  }
  return cheapest;
}
