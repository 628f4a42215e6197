import type { ScoringContext } from './cluster/cluster-snapshot.ts';
import { type AcceleratorSnapshot, type NodeSnapshot, placeableAccelerators } from './cluster/node.ts';
import type { RequestShape } from './request.ts';

/**
 * Says what is possible. A filter narrows the accelerators of a node to those it has nothing against; none left means
 * that the node is refused. A filter with nothing against any of them answers the very list it was given, so that an
 * empty one passes on to `accelerator-model`, which alone refuses a node without accelerators.
 * Filters must be monotone: more free capacity never refuses what fitted.
 */
export interface Filter {
  readonly name: string;
  /** Keeps a promise (residency, isolation, no over-allocation): no profile may leave it out. */
  readonly mandatory: boolean;
  /** Looks only at what no replica changes (see `isFixedAlike`): its answer is kept while replicas come and go. */
  readonly fixed?: boolean;
  keep(
    request: RequestShape,
    node: NodeSnapshot,
    accelerators: readonly AcceleratorSnapshot[],
  ): readonly AcceleratorSnapshot[];
  /** Called only for a node that `keep` refused, with the same arguments, and only when no node fits. */
  refusal(request: RequestShape, node: NodeSnapshot, accelerators: readonly AcceleratorSnapshot[]): Refusal;
}

export interface Refusal {
  /** Orders refused nodes of one filter from nearest to furthest; the unit is the filter's own. */
  readonly missing: number;
  /** For a person, with numbers: what the node has and what was asked. Asked only of the nearest node. */
  text(): string;
}

/** A node with one choice of its accelerators that every filter let through. */
export interface Candidate {
  readonly node: NodeSnapshot;
  readonly accelerators: readonly AcceleratorSnapshot[];
}

/**
 * Says what is better: whole numbers from 0 to 1000, 1000 best. A scorer never refuses. It is local: it looks at the
 * candidate, the request and the context, never at other nodes, so that its answer stays true until the node changes; and
 * like a filter it sees no difference between nodes that are alike (`likenessOf`), so that one is scored for all.
 */
export interface Scorer {
  readonly name: string;
  /** Looks at request and context once and answers the function that scores each candidate. */
  prepare(request: RequestShape, context: ScoringContext): (candidate: Candidate) => number;
  /**
   * The one thing a scorer may ask beyond the node: how many replicas of the request's deployment are in the site. Added to
   * the rest of the score, and together with it from 0 to 1000; undefined where the request does not ask for it.
   */
  prepareSite?(request: RequestShape): ((siblings: number) => number) | undefined;
}

/** What a filter answers that refuses the node as a whole. */
export const NONE: readonly AcceleratorSnapshot[] = [];
/** What a request without accelerators takes through the filters: nothing, which is not the same as none left. */
const NOTHING: readonly AcceleratorSnapshot[] = [];

/** Those that pass; the list itself when all do. */
export function narrowed(
  accelerators: readonly AcceleratorSnapshot[],
  passes: (accelerator: AcceleratorSnapshot) => boolean,
): readonly AcceleratorSnapshot[] {
  return accelerators.every(passes) ? accelerators : accelerators.filter(passes);
}

/** How far a node came. */
export type Walked =
  | { readonly passed: true; readonly accelerators: readonly AcceleratorSnapshot[] }
  /** Refused by the filter at `stage`, which was given `accelerators`. */
  | { readonly passed: false; readonly stage: number; readonly accelerators: readonly AcceleratorSnapshot[] };

/** Takes a node through the filters, in order and from a stage on, up to the first that refuses it. */
export function walk(request: RequestShape, node: NodeSnapshot, filters: readonly Filter[], from = 0): Walked {
  let accelerators = request.accelerator.count === 0 ? NOTHING : placeableAccelerators(node);
  for (let stage = from; stage < filters.length; stage += 1) {
    const kept = filters[stage]!.keep(request, node, accelerators);
    if (kept.length === 0 && kept !== accelerators) return { passed: false, stage, accelerators };
    accelerators = kept;
  }
  return { passed: true, accelerators };
}
