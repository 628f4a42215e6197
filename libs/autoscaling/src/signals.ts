import type { Learning } from './forecast/learning.ts';

/**
 * What is known about a deployment now. Undefined and NaN both mean "missing": then nothing is taken away.
 * A negative or infinite number counts as missing too: no meter shows one that works.
 */
export interface ScalingSignals {
  /** Requests being served, and requests that wait for a replica. */
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  readonly oldestWaitMs: number | undefined;
  readonly ttftP95Ms: number | undefined;
  readonly tpotP95Ms: number | undefined;
  readonly readyReplicas: number | undefined;
  readonly startingReplicas: number | undefined;
  /** Requests that arrived since the previous call. */
  readonly arrivals: number | undefined;
  /** What the cell has learned about returns from all its deployments; undefined = nothing yet. */
  readonly learning?: Learning | undefined;
}
