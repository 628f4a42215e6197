import type { Layout } from './cluster/layout.ts';

/** What each node is worth to one request. */
export interface Totals {
  readonly layout: Layout;
  /** Of each node, without what its site adds; negative where a filter refuses it. */
  readonly values: Int32Array;
  /** For each block of nodes, no value in it is higher; brought down to the highest when the block is looked at. */
  readonly bounds: Int32Array;
  /** What each site adds. */
  readonly bySite: readonly number[];
}

export interface Picked {
  readonly position: number;
  readonly total: number;
}

export interface PickRule {
  readonly seed: number;
  readonly limit: number;
  /** Nodes of one site only. */
  readonly site?: number;
}

/**
 * The best nodes that fit, in order, at most `limit`: highest total, ties to the first in order of site and id from a
 * start that the seed sets (so that equal nodes are not all taken from the front), once around. Blocks that cannot hold
 * one better than what is found are skipped, so most nodes are never looked at.
 */
export function pick(totals: Totals, { seed, limit, site }: PickRule): readonly Picked[] {
  const { layout, bounds, bySite } = totals;
  const start = Math.floor((scattered(seed) * layout.size) / 2 ** 32);
  const first = layout.blockOf[start] ?? 0;
  const picked: Picked[] = [];
  for (let turn = 0; turn <= bounds.length && bounds.length > 0; turn += 1) {
    const block = (first + turn) % bounds.length;
    const blockSite = layout.siteOf[block]!;
    if (site !== undefined && blockSite !== site) continue;
    const bound = bounds[block]!;
    if (bound < 0 || (picked.length === limit && bound + bySite[blockSite]! <= picked[limit - 1]!.total)) continue;
    // The block of the start is visited from there on, and its beginning last of all.
    const [begin, end] = [layout.starts[block]!, layout.starts[block + 1]!];
    const [from, to] = [turn === 0 ? start : begin, turn === bounds.length ? start : end];
    const highest = enter(picked, totals, { from, to, limit, add: bySite[blockSite]! });
    if (from === begin && to === end) bounds[block] = highest;
  }
  return picked;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly add: number;
}

/** Insertion into a short sorted list, in the order that breaks ties; answers the highest value met. */
function enter(picked: Picked[], { values }: Totals, { from, to, limit, add }: Stretch): number {
  let highest = -1;
  for (let position = from; position < to; position += 1) {
    const value = values[position]!;
    if (value > highest) highest = value;
    const total = value + add;
    if (value < 0 || (picked.length === limit && total <= picked[limit - 1]!.total)) continue;
    if (picked.length === limit) picked.pop();
    let at = picked.length;
    while (at > 0 && picked[at - 1]!.total < total) at -= 1;
    picked.splice(at, 0, { position, total });
  }
  return highest;
}

/** murmur3's finish: near seeds start far apart, and seed 0 starts at the front. */
function scattered(seed: number): number {
  let hash = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
