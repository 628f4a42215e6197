import type { Scorer } from '../stages.ts';

/**
 * Keeps gateways from rushing to the same replica between two reports: each prefers its own part of the replicas, every
 * `count`-th by id.
 *
 *     score = 1000 at home, 0 elsewhere; 0 everywhere for a gateway that is alone
 *
 * Without it all see the same replica as the least worked one until the next report, up to 5 s later. Weighs about as
 * much as the work of a few prompts, so that what one gateway's home gets too much of another one's evens out.
 */
export const homeGateway: Scorer = {
  name: 'home-gateway',
  add: (_request, { gateway: { at, count }, idOrder }, slots, totals, weight) => {
    if (count === 1) return;
    for (const slot of slots) if (idOrder[slot]! % count === at) totals[slot]! += weight * 1000;
  },
};
