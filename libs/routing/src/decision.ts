import type { Replica, Standing } from './replica.ts';

/** Raised whenever the same inputs may decide otherwise: a replay is promised within one version only. */
export const ENGINE_VERSION = 'routing/1';

export interface RoutingDecision {
  /** The best 20 that may serve the request, best first; empty = none may. */
  readonly replicas: readonly Replica[];
  readonly explanation: Explanation;
}

export interface Explanation {
  readonly engineVersion: string;
  readonly profileName: string;
  readonly profileDigestInput: string;
  readonly replicasConsidered: number;
  /** Filters that refused any, with one example each. */
  readonly rejections: readonly Rejection[];
  /** The best 20, best first. */
  readonly candidates: readonly RankedReplica[];
}

export interface Rejection {
  readonly filter: string;
  readonly count: number;
  readonly example: string;
}

export interface RankedReplica {
  readonly replicaId: string;
  /** Weighted sum of the scores. */
  readonly total: number;
  readonly standing: Standing;
  readonly scores: readonly StageScore[];
}

export interface StageScore {
  readonly scorer: string;
  readonly weight: number;
  /** 0 to 1000. */
  readonly score: number;
}
