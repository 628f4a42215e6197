import { Appraisal } from './appraisal.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { Layout } from './cluster/layout.ts';
import { likenessOf } from './cluster/likeness.ts';
import { type NodeSnapshot, replicasOf } from './cluster/node.ts';
import type { RankedCandidate } from './decision.ts';
import { pick, type Picked, type PickRule } from './pick.ts';

/** What a scorer adds by site. */
interface SiteScore {
  /** Its place in the profile. */
  readonly at: number;
  readonly weight: number;
  readonly score: (siblings: number) => number;
}

/** The nodes one filter refused. */
export interface RefusedNodes {
  readonly stage: number;
  readonly count: number;
  /** Positions of the first few. */
  readonly first: readonly number[];
  /** The one that lacks least. */
  readonly nearest: number;
}

interface Described {
  readonly node: NodeSnapshot;
  readonly siblings: number;
  readonly candidate: RankedCandidate;
}

const UNKNOWN = -128;
const UNSEEN = -(2 ** 31);
const MOST_DESCRIBED = 64;
/** How many refused nodes a decision names for each filter. */
const NAMED_NODES = 5;

/**
 * All nodes of a lineage, judged for requests of one shape: for each its best total or the filter that refuses it, and
 * a bound for each block of nodes. `follow` brings it to a snapshot by judging again the nodes that are other objects than
 * those it saw last, so its answers are those of judging every node. 7 bytes a node, 15 once a request of this shape was
 * refused; and it keeps the nodes it saw last alive.
 */
export class Ranking {
  readonly #layout: Layout;
  readonly #values: Int32Array;
  readonly #bounds: Int32Array;
  /** What is known of each node for as long as only its replicas change, see `fixedOf`. */
  readonly #fixed: Int8Array;
  readonly #refusedBy: number[];
  readonly #siteScores: readonly SiteScore[];
  /** Replicas of the deployment on each node, where a scorer asks for those in the site. */
  readonly #siblings: Uint16Array;
  readonly #siblingsInSite: Int32Array;
  /** What each refused node lacks; allocated by the first refusal, and unknown until then and after each change. */
  #missing: Float64Array | undefined;
  readonly #described = new Map<number, Described>();
  /** As last seen. */
  #snapshot: ClusterSnapshot | undefined;

  constructor(
    readonly appraisal: Appraisal,
    snapshot: ClusterSnapshot,
  ) {
    const { layout } = snapshot;
    this.#layout = layout;
    this.#values = new Int32Array(layout.size).fill(UNSEEN);
    this.#bounds = new Int32Array(layout.siteOf.length).fill(-1);
    this.#fixed = new Int8Array(layout.size).fill(UNKNOWN);
    this.#refusedBy = appraisal.profile.filters.map(() => 0);
    this.#siteScores = appraisal.profile.scorers.flatMap(({ scorer, weight }, at) => {
      const score = scorer.prepareSite?.(appraisal.request);
      return score === undefined ? [] : [{ at, weight, score }];
    });
    this.#siblings = new Uint16Array(this.#siteScores.length === 0 ? 0 : layout.size);
    this.#siblingsInSite = new Int32Array(layout.sites.length);
    this.follow(snapshot);
  }

  /** Looks at the nodes that are different from those seen last; at all of them where that is not known. */
  follow(snapshot: ClusterSnapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    const known = before?.history === snapshot.history && snapshot.history.between(before.version, snapshot.version);
    if (!known) return this.#compareAll(before, snapshot);
    const { deploymentId } = this.appraisal.request;
    for (const { position, deploymentIds, isFixedAlike } of known.changes) {
      if (!isFixedAlike) this.#fixed[position] = UNKNOWN;
      if (deploymentIds.includes(deploymentId)) this.#count(position);
    }
    // Once for each node, however often it changed.
    for (const { position, previous } of known.changes) if (previous < known.from) this.#judge(position);
  }

  /** How many nodes each filter refuses. */
  get refusedBy(): readonly number[] {
    return this.#refusedBy;
  }

  /** The best nodes that fit, in order, see `pick`. */
  best(rule: PickRule): readonly RankedCandidate[] {
    const bySite = this.#layout.sites.map((_, site) => this.#addedBySite(site));
    const totals = { layout: this.#layout, values: this.#values, bounds: this.#bounds, bySite };
    return pick(totals, rule).map((picked) => this.#describe(picked));
  }

  /** Per filter that refuses any node, in the order of the filters. */
  refusals(): readonly RefusedNodes[] {
    const nearest = this.#nearest();
    return this.#refusedBy.flatMap((count, stage) =>
      count === 0 ? [] : [{ stage, count, first: this.#firstRefusedAt(stage, count), nearest: nearest[stage]! }],
    );
  }

  /** Of nodes that are alike only the first is judged. */
  #compareAll(before: ClusterSnapshot | undefined, now: ClusterSnapshot): void {
    const firsts = new Map<string, number>();
    for (let position = 0; position < now.layout.size; position += 1) {
      const node = now.nodeAt(position);
      if (before?.nodeAt(position) === node) continue;
      this.#count(position);
      const likeness = this.#likenessOf(node);
      const first = firsts.get(likeness);
      if (first === undefined) {
        firsts.set(likeness, position);
        this.#fixed[position] = UNKNOWN;
        this.#judge(position);
      } else {
        this.#fixed[position] = this.#fixed[first]!;
        this.#enter(position, this.#values[first]!);
      }
    }
  }

  #likenessOf(node: NodeSnapshot): string {
    const { antiAffinity, deploymentId } = this.appraisal.request;
    const siblings = antiAffinity === 'none' ? 0 : replicasOf(deploymentId, node);
    return siblings === 0 ? likenessOf(node) : `${siblings} ${likenessOf(node)}`;
  }

  #count(position: number): void {
    if (this.#siteScores.length === 0) return;
    const siblings = replicasOf(this.appraisal.request.deploymentId, this.#snapshot!.nodeAt(position));
    this.#siblingsInSite[this.#siteAt(position)]! += siblings - this.#siblings[position]!;
    this.#siblings[position] = siblings;
  }

  #judge(position: number): void {
    const node = this.#snapshot!.nodeAt(position);
    if (this.#fixed[position] === UNKNOWN) this.#fixed[position] = this.appraisal.fixedOf(node);
    this.#enter(position, this.appraisal.valueOf(node, this.#fixed[position]));
  }

  #enter(position: number, value: number): void {
    const old = this.#values[position]!;
    if (old < 0 && old !== UNSEEN) this.#refusedBy[-1 - old]! -= 1;
    if (value < 0) this.#refusedBy[-1 - value]! += 1;
    this.#values[position] = value;
    if (this.#missing !== undefined) this.#missing[position] = Number.NaN;
    const block = this.#layout.blockOf[position]!;
    if (value > this.#bounds[block]!) this.#bounds[block] = value;
  }

  #siteAt(position: number): number {
    return this.#layout.siteOf[this.#layout.blockOf[position]!]!;
  }

  #addedBySite(site: number): number {
    let added = 0;
    for (const { weight, score } of this.#siteScores) added += weight * score(this.#siblingsInSite[site]!);
    return added;
  }

  /** Remembered, because the best nodes of one decision are mostly those of the next. */
  #describe({ position, total }: Picked): RankedCandidate {
    const node = this.#snapshot!.nodeAt(position);
    const siblings = this.#siblingsInSite[this.#siteAt(position)]!;
    const known = this.#described.get(position);
    if (known?.node === node && known.siblings === siblings) return known.candidate;
    const best = this.appraisal.bestOn(node, this.#fixed[position]);
    const scores = [...this.appraisal.scoresOf(best)];
    for (const { at, score } of this.#siteScores) scores[at]! += score(siblings);
    const candidate = {
      nodeId: node.nodeId,
      acceleratorIds: best.accelerators.map(({ acceleratorId }) => acceleratorId),
      total,
      scores: this.appraisal.profile.scorers.map(({ scorer: { name }, weight }, at) => ({
        scorer: name,
        weight,
        score: scores[at]!,
      })),
    };
    if (this.#described.size >= MOST_DESCRIBED) this.#described.clear();
    this.#described.set(position, { node, siblings, candidate });
    return candidate;
  }

  /** For each filter the position of the node that lacks least, the first of several. */
  #nearest(): Int32Array {
    const [values, missing] = [
      this.#values,
      (this.#missing ??= new Float64Array(this.#values.length).fill(Number.NaN)),
    ];
    const nearest = new Int32Array(this.#refusedBy.length);
    const least = new Float64Array(this.#refusedBy.length).fill(Infinity);
    for (let position = 0; position < values.length; position += 1) {
      const value = values[position]!;
      if (value >= 0) continue;
      let lacks = missing[position]!;
      if (Number.isNaN(lacks)) {
        lacks = this.appraisal.refusalOf(this.#snapshot!.nodeAt(position), this.#fixed[position]).missing;
        missing[position] = lacks;
      }
      if (lacks < least[-1 - value]!) {
        least[-1 - value] = lacks;
        nearest[-1 - value] = position;
      }
    }
    return nearest;
  }

  #firstRefusedAt(stage: number, count: number): readonly number[] {
    const first: number[] = [];
    const wanted = Math.min(count, NAMED_NODES);
    for (let position = 0; first.length < wanted; position += 1)
      if (this.#values[position] === -1 - stage) first.push(position);
    return first;
  }
}
