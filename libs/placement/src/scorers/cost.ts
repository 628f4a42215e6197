import { milliOf } from '../amounts.ts';
import { placeableAccelerators } from '../cluster/node.ts';
import type { PlacementRequest } from '../request.ts';
import type { Candidate, Scorer } from '../stages.ts';

/**
 * Prefers what costs least an hour.
 *
 *     price = price of the node x accelerator memory taken / accelerator memory of the node
 *     score = 1000 x lowest price among the candidates / price
 *
 * Intent: twice as dear scores half. An exclusive replica takes whole accelerators, whatever it needs of them. A node
 * without a price scores 0: unknown is never the bargain. Source: proportional cost, as FOCUS allocates shared capacity.
 */
export const cost: Scorer = {
  name: 'cost',
  prepare: (request, _snapshot, candidates) => {
    let lowest: number | undefined;
    for (const candidate of candidates) {
      const price = priceOf(request, candidate);
      if (price !== undefined && (lowest === undefined || price < lowest)) lowest = price;
    }
    return (candidate) => {
      const price = priceOf(request, candidate);
      if (price === undefined || lowest === undefined) return 0;
      return price === lowest ? 1000 : milliOf(lowest, price);
    };
  },
};

/** In micro-euro an hour. */
function priceOf(request: PlacementRequest, { node, accelerators }: Candidate): number | undefined {
  if (node.pricePerHourMilliEuro === undefined) return undefined;
  const { exclusive, memoryBytesEach } = request.accelerator;
  let taken = 0;
  for (const { memoryBytes } of accelerators) taken += exclusive ? memoryBytes : memoryBytesEach;
  let whole = 0;
  for (const { memoryBytes } of placeableAccelerators(node)) whole += memoryBytes;
  return node.pricePerHourMilliEuro * milliOf(inMiB(taken), inMiB(whole));
}

/** Sums over a node stay exact in thousandths. */
function inMiB(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
