import type { Arrivals } from './forecast/arrivals.ts';
import type { MinuteStart } from './rules/limit-rate.ts';
import type { Missed } from './rules/missed-before.ts';
import type { Wishes } from './rules/stabilise.ts';

/**
 * What `autoscale` wants to be told again next time: bounded, plain JSON, stored by the caller beside the deployment.
 * Begin with `EMPTY_HISTORY`.
 */
export interface ScalingHistory {
  readonly format: 1;
  readonly arrivals: Arrivals;
  /** The count decided last, when it last changed, and when anything was last seen. */
  readonly replicas: number;
  readonly changedAtMs?: number | undefined;
  readonly seenAtMs?: number;
  /** Replicas that demand kept busy when last seen. */
  readonly inUse: number;
  /** Entry k: when demand last needed more than k replicas. */
  readonly lastNeededMs: readonly number[];
  /** Forecasts that are not due yet: for which level, when made, and the probability in thousandths. */
  readonly forecasts: readonly PendingForecast[];
  readonly wishes: Wishes;
  readonly missed?: Missed | undefined;
  readonly minuteStart?: MinuteStart;
}

export interface PendingForecast {
  readonly level: number;
  readonly madeAtMs: number;
  readonly returnMilli: number;
}

export const EMPTY_HISTORY: ScalingHistory = {
  format: 1,
  arrivals: [],
  replicas: 0,
  inUse: 0,
  lastNeededMs: [],
  forecasts: [],
  wishes: [],
};

/**
 * A stored history as it is, or an empty one where nothing is stored or an engine of another format wrote it: what a
 * deployment forgets is then learned anew, which is better than to read it wrongly.
 */
export function readHistory(stored: unknown): ScalingHistory {
  const isOurs =
    typeof stored === 'object' && stored !== null && 'format' in stored && stored.format === EMPTY_HISTORY.format;
  return isOurs ? (stored as ScalingHistory) : EMPTY_HISTORY;
}
