import type { Replica } from '../replica.ts';
import { type Scorer, spare } from '../stages.ts';

/** Where the limit of a replica is not known. */
const SOME_SEQUENCES = 8;

/**
 * Evens out the sequences that replicas generate for, since each one slows the others' tokens a little.
 *
 *     score = 1000 x (1 - running sequences / sequences it can run); 1000 x 8 / (8 + running) where that is not known
 *
 * Matters for short prompts with long answers, of which `even-work` sees little. Source: least outstanding requests.
 */
export const fewestRunning: Scorer = {
  name: 'fewest-running',
  add: (_request, { idle }, slots, totals, weight) => {
    for (let at = 0; at < slots.length; at += 1) totals[slots[at]!]! += weight * idle[slots[at]!]!;
  },
};

/** Of a replica as last reported: computed once a report, not once a request. */
export function idleOf({ running, concurrency }: Replica): number {
  if (concurrency > 0) return spare(running, concurrency);
  return Math.floor((1000 * SOME_SEQUENCES) / (SOME_SEQUENCES + running));
}
