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
  const { layout } = totals;
  const [blocks, start] = [layout.siteOf.length, Math.floor((scattered(seed) * layout.size) / 2 ** 32)];
  const first = layout.blockOf[start] ?? 0;
  const picked: Picked[] = [];
  for (let turn = 0; turn <= blocks && blocks > 0; turn += 1) {
    const block = (first + turn) % blocks;
    if (site !== undefined && layout.siteOf[block] !== site) continue;
    // The block of the start is visited from there on, and its beginning last of all.
    const from = turn === 0 ? start : layout.starts[block]!;
    const to = turn === blocks ? start : layout.starts[block + 1]!;
    visit(picked, totals, { block, from, to, limit });
  }
  return picked;
}

interface Stretch {
  readonly block: number;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Insertion into a short sorted list, in the order that breaks ties. */
function visit(picked: Picked[], { layout, values, bounds, bySite }: Totals, stretch: Stretch): void {
  const { block, from, to, limit } = stretch;
  const added = bySite[layout.siteOf[block]!]!;
  if (bounds[block]! < 0 || !enters(picked, bounds[block]! + added, limit)) return;
  let highest = -1;
  for (let position = from; position < to; position += 1) {
    const value = values[position]!;
    if (value > highest) highest = value;
    if (value >= 0 && enters(picked, value + added, limit)) insert(picked, { position, total: value + added }, limit);
  }
  if (from === layout.starts[block] && to === layout.starts[block + 1]) bounds[block] = highest;
}

function enters(picked: readonly Picked[], total: number, limit: number): boolean {
  return picked.length < limit || total > picked[limit - 1]!.total;
}

function insert(picked: Picked[], entry: Picked, limit: number): void {
  if (picked.length === limit) picked.pop();
  let at = picked.length;
  while (at > 0 && picked[at - 1]!.total < entry.total) at -= 1;
  picked.splice(at, 0, entry);
}

/** murmur3's finish: near seeds start far apart, and seed 0 starts at the front. */
function scattered(seed: number): number {
  let hash = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
