import { compareIds } from '../amounts.ts';
import type { NodeSnapshot } from './node.ts';

/** Small enough that a changed node copies little, big enough that a whole cluster has few. */
const BLOCK = 64;

/** Nodes of one site that stand next to each other. */
export type Block = readonly NodeSnapshot[];

/** Where each node stands: in order of site and id, cut into blocks of one site. Shared by all snapshots of a lineage. */
export class Layout {
  private constructor(
    /** Of every node, by its id: 0, 1, 2, ... */
    readonly positions: ReadonlyMap<string, number>,
    /** Of each position, the block that holds it. */
    readonly blockOf: Int32Array,
    /** First position of each block, and behind the last one the number of nodes. */
    readonly starts: Int32Array,
    /** Of each block, an index into `sites`. */
    readonly siteOf: Int32Array,
    readonly sites: readonly string[],
  ) {}

  static of(nodes: readonly NodeSnapshot[]): { readonly layout: Layout; readonly blocks: readonly Block[] } {
    const sorted = [...nodes].sort((a, b) => compareIds(a.siteId, b.siteId) || compareIds(a.nodeId, b.nodeId));
    const positions = new Map(sorted.map((node, position) => [node.nodeId as string, position]));
    const blocks = cut(sorted);
    const sites = [...new Set(blocks.map(siteOfBlock))];
    const starts = new Int32Array(blocks.length + 1);
    for (const [at, block] of blocks.entries()) starts[at + 1] = starts[at]! + block.length;
    const blockOf = Int32Array.from(blocks.flatMap((block, at) => block.map(() => at)));
    const siteOf = Int32Array.from(blocks, (block) => sites.indexOf(siteOfBlock(block)));
    return { layout: new Layout(positions, blockOf, starts, siteOf, sites), blocks };
  }

  get size(): number {
    return this.positions.size;
  }
}

function cut(sorted: readonly NodeSnapshot[]): readonly Block[] {
  const blocks: NodeSnapshot[][] = [];
  for (const node of sorted) {
    const last = blocks.at(-1);
    if (last === undefined || last.length === BLOCK || siteOfBlock(last) !== node.siteId) blocks.push([node]);
    else last.push(node);
  }
  return blocks;
}

function siteOfBlock(block: Block): string {
  return block[0]!.siteId;
}
