import { compareIds } from '../amounts.ts';
import type { NodeSnapshot } from './node.ts';

/** Small enough that a changed node copies little, big enough that a whole cluster has few. */
const BLOCK = 64;

/** Nodes of one site that stand next to each other. */
export type Block = readonly NodeSnapshot[];

/**
 * Where each node stands: in order of site and id, cut into blocks of one site. Shared by all snapshots of a lineage, so
 * that whoever has seen one of them finds what is different in another by comparing blocks, then nodes, by identity.
 */
export class Layout {
  private constructor(
    /** Of every node, by its id: 0, 1, 2, ... */
    readonly positions: ReadonlyMap<string, number>,
    /** First position of each block, and behind the last one the number of nodes. */
    readonly starts: readonly number[],
    /** Of each block, an index into `sites`. */
    readonly siteOf: readonly number[],
    readonly sites: readonly string[],
  ) {}

  static of(nodes: readonly NodeSnapshot[]): { readonly layout: Layout; readonly blocks: readonly Block[] } {
    const sorted = [...nodes].sort((a, b) => compareIds(a.siteId, b.siteId) || compareIds(a.nodeId, b.nodeId));
    const blocks: NodeSnapshot[][] = [];
    for (const node of sorted) {
      const last = blocks.at(-1);
      if (last === undefined || last.length === BLOCK || last[0]!.siteId !== node.siteId) blocks.push([node]);
      else last.push(node);
    }
    const sites = [...new Set(blocks.map((block) => block[0]!.siteId))];
    const starts = [0];
    for (const block of blocks) starts.push(starts.at(-1)! + block.length);
    const siteOf = blocks.map((block) => sites.indexOf(block[0]!.siteId));
    const positions = new Map(sorted.map((node, position) => [node.nodeId as string, position]));
    return { layout: new Layout(positions, starts, siteOf, sites), blocks };
  }

  get size(): number {
    return this.positions.size;
  }

  /** The block that holds a position. */
  blockOf(position: number): number {
    let [low, high] = [0, this.siteOf.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
