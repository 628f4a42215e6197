import { type Budget, NEW_BUDGET } from '../budget/budget.ts';
import { busyBucket, COARSE, coarse, FINE, fine, idleBucket } from './buckets.ts';
import { type Calibration, calibrated, NEW_CALIBRATION } from './calibration.ts';

/**
 * What a cell has learned from all its deployments: how soon idle replicas were needed again, how good the forecasts were,
 * and the price its budget affords. Bounded plain JSON; begin with `NEW_LEARNING` and fold in every decision's observations.
 */
export interface Learning {
  readonly format: 1;
  /** By idle time and busyness, and by place too: how long idle replicas were watched, and how many were needed. */
  readonly coarse: Watched;
  readonly fine: Watched;
  readonly calibration: Calibration;
  readonly budget: Budget;
}

export interface Watched {
  readonly watchedMs: readonly number[];
  readonly returns: readonly number[];
}

/** What one call of `autoscale` saw of one idle replica. */
export type Observation = WatchObservation | ForecastObservation;

/** An idle replica was watched for a while, and at the end it was needed or it was not. */
export interface WatchObservation {
  readonly kind: 'watch';
  readonly idleMs: number;
  readonly busyness: number;
  readonly place: number;
  readonly watchedMs: number;
  readonly returned: boolean;
}

/** A forecast made earlier has come true or not. */
export interface ForecastObservation {
  readonly kind: 'forecast';
  readonly returnMilli: number;
  readonly returned: boolean;
}

const nothingWatched = (buckets: number): Watched => ({
  watchedMs: new Array<number>(buckets).fill(0),
  returns: new Array<number>(buckets).fill(0),
});

export const NEW_LEARNING: Learning = {
  format: 1,
  coarse: nothingWatched(COARSE),
  fine: nothingWatched(FINE),
  calibration: NEW_CALIBRATION,
  budget: NEW_BUDGET,
};

/** The learning with observations folded in; fold many at a time, since the tables are copied once per call. */
export function learn(learning: Learning, observations: readonly Observation[]): Learning {
  if (observations.length === 0) return learning;
  const tables = [copyOf(learning.coarse), copyOf(learning.fine)] as const;
  for (const observation of observations) {
    if (observation.kind !== 'watch') continue;
    const { idleMs, busyness, place, watchedMs, returned } = observation;
    const at = coarse(idleBucket(idleMs), busyBucket(busyness));
    for (const [table, bucket] of [
      [tables[0], at],
      [tables[1], fine(at, place)],
    ] as const) {
      table.watchedMs[bucket]! += watchedMs;
      if (returned) table.returns[bucket]! += 1;
    }
  }
  const forecasts = observations.filter((each) => each.kind === 'forecast');
  return {
    ...learning,
    coarse: tables[0],
    fine: tables[1],
    calibration: forecasts.reduce(calibrated, learning.calibration),
  };
}

function copyOf({ watchedMs, returns }: Watched): { watchedMs: number[]; returns: number[] } {
  return { watchedMs: [...watchedMs], returns: [...returns] };
}
