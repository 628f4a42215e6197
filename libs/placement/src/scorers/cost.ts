import { inMiB, pricePerMiB } from '../cluster/prices.ts';
import type { ScoringContext } from '../cluster/cluster-snapshot.ts';
import type { RequestShape } from '../request.ts';
import type { Scorer } from '../stages.ts';

/**
 * Prefers what costs least an hour.
 *
 *     price  = price of the node x accelerator memory taken / accelerator memory of the node
 *     lowest = memory needed at the lowest price per MiB that any node asks for one of the models wanted
 *     score  = 1000 x lowest / price
 *
 * Intent: twice as dear scores half. An exclusive replica takes whole accelerators, whatever it needs of them. A node
 * without a price scores 0: unknown is never the bargain. Source: proportional cost, as FOCUS allocates shared capacity.
 */
export const cost: Scorer = {
  name: 'cost',
  prepare: (request, context) => {
    const { exclusive, memoryBytesEach, count } = request.accelerator;
    const needed = inMiB(memoryBytesEach) * count;
    // Nothing is free, also where nobody names a price.
    const lowest = needed === 0 ? 0 : lowestPrice(request, context) * needed;
    return ({ node, accelerators }) => {
      const price = pricePerMiB(node);
      if (price === undefined) return 0;
      let taken = 0;
      for (const { memoryBytes } of accelerators) taken += inMiB(exclusive ? memoryBytes : memoryBytesEach);
      return price * taken <= lowest ? 1000 : Math.floor((1000 * lowest) / (price * taken));
    };
  },
};

function lowestPrice({ accelerator: { models } }: RequestShape, { cheapest }: ScoringContext): number {
  const asked = models.length === 0 ? [...cheapest.keys()] : models;
  return Math.min(...asked.map((model) => cheapest.get(model) ?? Infinity));
}
