import { type NodeSnapshot, placeableAccelerators } from './node.ts';

/** Thousandths of a euro per MiB of accelerator memory and hour, where the node has a price and such memory. */
export function pricePerMiB(node: NodeSnapshot): number | undefined {
  if (node.pricePerHourMilliEuro === undefined) return undefined;
  let mib = 0;
  for (const { memoryBytes } of placeableAccelerators(node)) mib += inMiB(memoryBytes);
  return mib === 0 ? undefined : node.pricePerHourMilliEuro / mib;
}

/** The lowest such price in the cluster for each accelerator model. */
export type CheapestPrices = ReadonlyMap<string, number>;

export function cheapestPrices(nodes: Iterable<NodeSnapshot>): CheapestPrices {
  const cheapest = new Map<string, number>();
  for (const node of nodes) {
    const price = pricePerMiB(node);
    if (price === undefined) continue;
    for (const { model } of placeableAccelerators(node)) {
      if (price < (cheapest.get(model) ?? Infinity)) cheapest.set(model, price);
    }
  }
  return cheapest;
}

/** Whole MiB, so that sums over a node stay exact. */
export function inMiB(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
