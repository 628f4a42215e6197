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
  score: (_request, { work }, slots, scores) => {
    let least = Infinity;
    for (const slot of slots) if (work[slot]! < least) least = work[slot]!;
    for (const slot of slots) scores[slot] = spare(work[slot]! - least, SPAN_TOKENS);
  },
};
