/** Why a request was not served. */
export type RefusalReason =
  'NO_SUCH_DEPLOYMENT' | 'INVALID_REQUEST' | 'TOO_LONG' | 'QUEUE_FULL' | 'HELD_TOO_LONG' | 'NEVER_SERVED';

/** JSON-ready; the same bytes for the same scenario. Times in milliseconds, counts from the whole run. */
export interface Report {
  readonly seed: number;
  /** Until the last request was answered. */
  readonly simulatedMs: number;
  readonly requests: RequestCounts;
  /** Accelerators held, from reservation to release. */
  readonly gpuHours: number;
  readonly milliEuro: number;
  /** Starts of replicas while requests waited for them. */
  readonly coldStarts: number;
  readonly startsByTier: Readonly<Record<'none' | 'disk' | 'hostRam', number>>;
  /** Requests that found no ready replica. */
  readonly coldRequests: number;
  /** Share of the answered that waited more than a second for a replica. */
  readonly delayedShare: number;
  /** Held at the gateway for a replica or a free place. */
  readonly waitMs: Summary;
  /** From arrival, the wait included; count 0 where engines give no first token. */
  readonly ttftMs: Summary;
  readonly tpotMs: Summary;
  readonly totalMs: Summary;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
  readonly decisions: DecisionCounts;
  readonly refusals: readonly ExplainedRefusal[];
  readonly deployments: readonly DeploymentReport[];
  readonly series: Series;
}

export interface RequestCounts {
  readonly arrived: number;
  readonly completed: number;
  readonly refused: number;
  /** Reasons that occurred. */
  readonly refusedByReason: Readonly<Partial<Record<RefusalReason, number>>>;
}

/** Percentiles are right to within 1 % (a histogram of bounded size). */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface DecisionCounts {
  readonly placed: number;
  readonly unschedulable: number;
  readonly scaledUp: number;
  readonly scaledDown: number;
  /** Held back for missing signals. */
  readonly held: number;
  readonly routed: number;
}

/** A placement that was refused, as `explain` of libs/placement puts it. */
export interface ExplainedRefusal {
  readonly atMs: number;
  readonly deployment: string;
  readonly text: string;
}

export interface DeploymentReport {
  readonly name: string;
  readonly arrived: number;
  readonly completed: number;
  readonly refused: number;
  readonly gpuHours: number;
  readonly coldStarts: number;
  readonly waitMs: Summary;
  readonly ttftMs: Summary;
}

/** One value a minute, all of the same length. Counts are of the minute, levels of its end, null where there is none. */
export interface Series {
  readonly stepMs: number;
  readonly arrived: readonly number[];
  readonly completed: readonly number[];
  readonly refused: readonly number[];
  readonly replicas: readonly number[];
  readonly ready: readonly number[];
  readonly waiting: readonly number[];
  readonly running: readonly number[];
  readonly gpus: readonly number[];
  /** By completion. */
  readonly waitP99Ms: readonly (number | null)[];
  readonly ttftP50Ms: readonly (number | null)[];
  readonly ttftP99Ms: readonly (number | null)[];
}

/** Said at most once a simulated minute. */
export interface Progress {
  readonly simulatedMs: number;
  readonly arrived: number;
  readonly completed: number;
}
