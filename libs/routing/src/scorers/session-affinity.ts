import { sessionBlock } from '../belief/sticky.ts';
import type { Scorer } from '../stages.ts';

/**
 * Prefers the replica that served the client's session last, where the prompt alone does not say so: answers that were
 * added to a conversation are cached there as well.
 *
 *     score = 1000 where the session was last, 0 elsewhere; 0 everywhere for a session of more than one request in n
 */
export const sessionAffinity: Scorer = {
  name: 'session-affinity',
  add: (request, view, slots, totals, weight) => {
    for (const { slot } of view.index.matches(sessionBlock(request), slots.length)) totals[slot]! += weight * 1000;
  },
};
