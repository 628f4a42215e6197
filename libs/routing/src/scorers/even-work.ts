import { type Scorer, spare } from '../stages.ts';

/** A replica so far ahead of the least worked one scores 0: about as much as the longest prompts. */
const SPAN_TOKENS = 100_000;

/**
 * Evens out the prefill that replicas are given over time, which is what prompts cost beyond their cached part.
 *
 *     score = 1000 x (1 - min(1, (work - least work) / 100,000 tokens)), work = uncached prompt tokens sent so far
 *
 * New conversations thus go to the replica that has had least, and a hot prefix spills over once its replica is ahead.
 * Source: list scheduling (Graham 1966), here with each prompt's real cost, since the index knows what is cached.
 */
export const evenWork: Scorer = {
  name: 'even-work',
  add: (_request, { work }, slots, totals, weight) => {
    let least = Infinity;
    for (let at = 0; at < slots.length; at += 1) least = Math.min(least, work[slots[at]!]!);
    for (let at = 0; at < slots.length; at += 1) {
      const slot = slots[at]!;
      totals[slot]! += weight * spare(work[slot]! - least, SPAN_TOKENS);
    }
  },
};
