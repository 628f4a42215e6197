import type { Id } from '@ostro/kernel';
import type { PlacementRequest } from './request.ts';

/** Raised whenever equal inputs may decide differently than before: replays are promised within one version. */
export const ENGINE_VERSION = 'placement/2';

export type Decision = Placement | Unschedulable;

/** The decided replica -> accelerators. A proposal until its reservation is written. */
export interface Placement {
  readonly kind: 'placement';
  readonly request: PlacementRequest;
  readonly nodeId: Id<'nod'>;
  /** Sorted by id, all of one island. */
  readonly acceleratorIds: readonly string[];
  /** All members of a gang, the first one as above; absent without a gang. */
  readonly members?: readonly Member[];
  /** Must be stopped first, least important first; absent where it fits without. */
  readonly victims?: readonly Victim[];
  readonly explanation: Explanation;
}

export interface Member {
  readonly nodeId: Id<'nod'>;
  readonly acceleratorIds: readonly string[];
}

export interface Victim {
  readonly nodeId: Id<'nod'>;
  readonly replicaId: Id<'rep'>;
  readonly priority: number;
}

/** No node fits now. An expected answer, not an error: try again when the cluster has changed. */
export interface Unschedulable {
  readonly kind: 'unschedulable';
  readonly request: PlacementRequest;
  readonly reasons: readonly Rejection[];
  /** What would have made it fit, and how far the nearest node is from it: for a person. */
  readonly wouldFit: string;
  /** The node that came furthest and lacks least; absent when there are no nodes. */
  readonly nearest?: Nearest;
  readonly explanation: Explanation;
}

/** All nodes that one filter refused; each node counts at the first filter that refuses it. */
export interface Rejection {
  readonly filter: string;
  readonly count: number;
  /** The first few, in order of site and id. */
  readonly nodes: readonly Id<'nod'>[];
  /** What the nearest of them lacks, with numbers. */
  readonly example: string;
}

export interface Nearest {
  readonly nodeId: Id<'nod'>;
  readonly filter: string;
  readonly text: string;
}

/** What is stored with a decision: enough to explain it later and, with the snapshot, to make it again. */
export interface Explanation {
  readonly engineVersion: string;
  readonly profileName: string;
  /** Canonical text of the profile; its digest is stored. */
  readonly profileDigestInput: string;
  readonly seed: number;
  /** `epoch.generation` of the snapshot. */
  readonly snapshotGeneration: string;
  readonly nodesConsidered: number;
  readonly rejectionCounts: readonly { readonly filter: string; readonly count: number }[];
  /** The best nodes in order, each with its best choice of accelerators, the chosen one first. */
  readonly candidates: readonly RankedCandidate[];
}

export interface RankedCandidate {
  readonly nodeId: Id<'nod'>;
  readonly acceleratorIds: readonly string[];
  /** Sum of weight times score. */
  readonly total: number;
  readonly scores: readonly { readonly scorer: string; readonly weight: number; readonly score: number }[];
}
