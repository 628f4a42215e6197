import type { Replica } from '../replica.ts';
import { type Scorer, spare } from '../stages.ts';

/** So many waiting prompt tokens are some seconds of prefill: about the longest prompt. */
const SHORT_QUEUE_TOKENS = 100_000;

/**
 * Leaves replicas that have too much to do, whatever they have cached: the protection against overload.
 *
 *     score = least of: 1000 at up to 100,000 queued prompt tokens, falling to 0 at twice as many
 *                       1000 at up to half of the sequences it can run, falling to 0 at all of them
 *                       1000 at up to 80 % of its KV cache in use, falling to 0 at 100 %
 *
 * Below the knees nothing is given up, since batches run as fast with a few sequences more; beyond 80 % of the KV cache
 * engines begin to preempt. Source: the load-aware and KV-cache-utilization scorers of llm-d, with knees.
 */
export const headroom: Scorer = {
  name: 'headroom',
  add: (_request, view, slots, totals, weight) => {
    for (let at = 0; at < slots.length; at += 1) totals[slots[at]!]! += weight * view.headroom[slots[at]!]!;
  },
};

/** Of a replica as last reported: computed once a report, not once a request. */
export function headroomOf({ queuedPrefillTokens, running, concurrency, kvUsedMilli }: Replica): number {
  const queue = spare(Math.max(0, queuedPrefillTokens - SHORT_QUEUE_TOKENS), SHORT_QUEUE_TOKENS);
  const sequences = concurrency === 0 ? 1000 : spare(Math.max(0, 2 * running - concurrency), concurrency);
  const kvCache = spare(Math.max(0, kvUsedMilli - 800), 200);
  return Math.min(queue, sequences, kvCache);
}
