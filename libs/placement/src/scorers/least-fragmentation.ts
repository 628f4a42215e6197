import type { Scorer } from '../stages.ts';

/** Thousandths of an accelerator that count as equal. */
const STEP = 20;
const POINTS_PER_STEP = 5;

/**
 * Takes the place that leaves the most for the requests to come.
 *
 *     score = 1000 - 5 x floor(loss per accelerator / 20)
 *     loss  = worth of the node before - after, in thousandths of an accelerator, see `Valuation`
 *
 * so a point is 4 thousandths. Intent: fill the hole that nothing better fits into, take cores where they abound, leave
 * whole groups whole and crowded models to those who need them. Coarse on purpose: differences below a fiftieth of an
 * accelerator are noise, and among equals the first node in order is filled up before the next is begun.
 * Source: fragmentation gradient descent (Weng et al., USENIX ATC'23) with another potential; the figures are in the
 * README.
 */
export const leastFragmentation: Scorer = {
  name: 'least-fragmentation',
  prepare: (request, { valuation }) => {
    const step = STEP * Math.max(1, request.accelerator.count);
    return ({ node, accelerators }) => {
      const steps = Math.floor(valuation.lossOf(node, accelerators, request) / step);
      return Math.max(0, Math.min(1000, 1000 - POINTS_PER_STEP * steps));
    };
  },
};
