import { Appraisal } from './appraisal.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { Block, Layout } from './cluster/layout.ts';
import type { NodeSnapshot } from './cluster/node.ts';
import type { RankedCandidate } from './decision.ts';
import type { SiteScore } from './stages.ts';

/** What a scorer counts over the nodes of each site. */
interface SiteSums {
  readonly at: number;
  readonly weight: number;
  readonly tally: (node: NodeSnapshot) => number;
  readonly score: SiteScore['score'];
  readonly sums: Float64Array;
}

interface Ranked {
  readonly position: number;
  readonly total: number;
}

/** The nodes one filter refused. */
export interface RefusedNodes {
  readonly stage: number;
  readonly count: number;
  /** Positions of the first few. */
  readonly first: readonly number[];
  /** The one that lacks least. */
  readonly nearest: number;
  readonly missing: number;
}

const UNKNOWN = Number.NaN;
/** How many refused nodes a decision names for each filter. */
const NAMED_NODES = 5;

/**
 * All nodes of a lineage, judged for requests of one shape: for each its best total or the filter that refuses it, and
 * the highest of each block of nodes. `follow` brings it to a snapshot by looking again at the nodes that are other
 * objects than those it saw last, so its answers are those of judging every node. 4 bytes a node (12 once a request of
 * this shape was refused), and it keeps the nodes it saw last alive.
 */
export class Ranking {
  readonly #layout: Layout;
  readonly #values: Int32Array;
  readonly #highest: Int32Array;
  readonly #refusedBy: number[];
  readonly #siteSums: readonly SiteSums[];
  /** What each refused node lacks; allocated by the first refusal, and unknown until then and after each change. */
  #missing: Float64Array | undefined;
  #seen: readonly (Block | undefined)[] = [];
  #snapshot: ClusterSnapshot;

  constructor(
    readonly appraisal: Appraisal,
    snapshot: ClusterSnapshot,
  ) {
    const { layout } = snapshot;
    this.#layout = layout;
    this.#values = new Int32Array(layout.size).fill(-1);
    this.#highest = new Int32Array(layout.siteOf.length);
    this.#refusedBy = appraisal.profile.filters.map(() => 0);
    this.#siteSums = appraisal.profile.scorers.flatMap(({ scorer, weight }, at) => {
      const tally = scorer.site?.prepare(appraisal.request);
      if (scorer.site === undefined || tally === undefined) return [];
      return [{ at, weight, tally, score: scorer.site.score, sums: new Float64Array(layout.sites.length) }];
    });
    this.#snapshot = snapshot;
  }

  /** Must be called before anything is asked. */
  follow(snapshot: ClusterSnapshot): void {
    this.#snapshot = snapshot;
    const { blocks } = snapshot;
    if (blocks === this.#seen) return;
    for (let block = 0; block < blocks.length; block += 1) {
      if (blocks[block] !== this.#seen[block]) this.#followBlock(block, this.#seen[block], blocks[block]!);
    }
    this.#seen = blocks;
  }

  /** How many nodes each filter refuses. */
  get refusedBy(): readonly number[] {
    return this.#refusedBy;
  }

  /**
   * The best `limit` nodes that fit, in order: highest total, ties to the first in order of site and id from a start that
   * the seed sets. One site alone where one is given.
   */
  best(seed: number, limit: number, site?: number): readonly RankedCandidate[] {
    const best: Ranked[] = [];
    const { starts, siteOf, size } = this.#layout;
    const added = this.#layout.sites.map((_, each) => this.#addedBySite(each));
    const start = Math.floor((scattered(seed) * size) / 2 ** 32);
    const blocks = siteOf.length;
    const first = this.#layout.blockOf(start);
    // Once around; the block of the start is visited from there on, and its beginning last of all.
    for (let turn = 0; turn <= blocks && blocks > 0; turn += 1) {
      const block = (first + turn) % blocks;
      const atSite = siteOf[block]!;
      if (site !== undefined && atSite !== site) continue;
      const from = turn === 0 ? start : starts[block]!;
      const to = turn === blocks ? start : starts[block + 1]!;
      if (this.#canEnter(best, limit, block, added[atSite]!))
        this.#enter(best, limit, { from, to, add: added[atSite]! });
    }
    return best.map((ranked) => this.#describe(ranked));
  }

  /** Per filter that refuses any node, in the order of the filters. */
  refusals(): readonly RefusedNodes[] {
    const missing = this.#allMissing();
    const found = this.#refusedBy.map((count, stage) => ({
      stage,
      count,
      first: [] as number[],
      nearest: -1,
      missing: 0,
    }));
    for (let position = 0; position < this.#values.length; position += 1) {
      const value = this.#values[position]!;
      if (value >= 0) continue;
      const refused = found[-1 - value]!;
      if (refused.first.length < NAMED_NODES) refused.first.push(position);
      if (refused.nearest < 0 || missing[position]! < refused.missing) {
        refused.nearest = position;
        refused.missing = missing[position]!;
      }
    }
    return found.filter(({ count }) => count > 0);
  }

  #followBlock(block: number, before: Block | undefined, now: Block): void {
    const start = this.#layout.starts[block]!;
    let highest = -1;
    for (let at = 0; at < now.length; at += 1) {
      if (before?.[at] !== now[at]) this.#update(start + at, block, before?.[at], now[at]!);
      const value = this.#values[start + at]!;
      if (value > highest) highest = value;
    }
    this.#highest[block] = highest;
  }

  #update(position: number, block: number, before: NodeSnapshot | undefined, now: NodeSnapshot): void {
    const old = this.#values[position]!;
    const value = this.appraisal.valueOf(now);
    if (before !== undefined && old < 0) this.#refusedBy[-1 - old]! -= 1;
    if (value < 0) this.#refusedBy[-1 - value]! += 1;
    this.#values[position] = value;
    if (this.#missing !== undefined) this.#missing[position] = UNKNOWN;
    const site = this.#layout.siteOf[block]!;
    for (const { tally, sums } of this.#siteSums)
      sums[site]! += tally(now) - (before === undefined ? 0 : tally(before));
  }

  #addedBySite(site: number): number {
    let added = 0;
    for (const { weight, score, sums } of this.#siteSums) added += weight * score(sums[site]!);
    return added;
  }

  #canEnter(best: readonly Ranked[], limit: number, block: number, add: number): boolean {
    const highest = this.#highest[block]!;
    return highest >= 0 && (best.length < limit || highest + add > best[limit - 1]!.total);
  }

  /** Insertion into a short sorted list: positions come in the order that breaks ties. */
  #enter(best: Ranked[], limit: number, { from, to, add }: { from: number; to: number; add: number }): void {
    for (let position = from; position < to; position += 1) {
      const value = this.#values[position]!;
      if (value < 0) continue;
      const total = value + add;
      if (best.length === limit) {
        if (total <= best[limit - 1]!.total) continue;
        best.pop();
      }
      let at = best.length;
      while (at > 0 && best[at - 1]!.total < total) at -= 1;
      best.splice(at, 0, { position, total });
    }
  }

  #describe({ position, total }: Ranked): RankedCandidate {
    const candidate = this.appraisal.bestOn(this.#snapshot.nodeAt(position));
    const scores = [...this.appraisal.scoresOf(candidate)];
    const site = this.#layout.siteOf[this.#layout.blockOf(position)]!;
    for (const { at, score, sums } of this.#siteSums) scores[at]! += score(sums[site]!);
    return {
      nodeId: candidate.node.nodeId,
      acceleratorIds: candidate.accelerators.map(({ acceleratorId }) => acceleratorId),
      total,
      scores: this.appraisal.profile.scorers.map(({ scorer, weight }, at) => ({
        scorer: scorer.name,
        weight,
        score: scores[at]!,
      })),
    };
  }

  #allMissing(): Float64Array {
    const missing = (this.#missing ??= new Float64Array(this.#values.length).fill(UNKNOWN));
    for (let position = 0; position < missing.length; position += 1) {
      if (this.#values[position]! >= 0 || !Number.isNaN(missing[position]!)) continue;
      missing[position] = this.appraisal.refusalOf(this.#snapshot.nodeAt(position)).missing;
    }
    return missing;
  }
}

/** murmur3's finish: near seeds start far apart, and seed 0 starts at the front. */
function scattered(seed: number): number {
  let hash = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
