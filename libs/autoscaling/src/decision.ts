import type { ForecastError } from './forecast/calibration.ts';
import type { Observation } from './forecast/learning.ts';
import type { ScalingHistory } from './history.ts';
import type { TierName } from './policy/policy.ts';

/** Changes whenever equal inputs may decide differently: a replay promises equality only for the same version. */
export const ENGINE_VERSION = 'autoscaling/1';

/** One rule's say, in the order the rules were asked. */
export interface Reason {
  readonly rule: string;
  /** The count after this rule. */
  readonly replicas: number;
  readonly text: string;
}

/** How an idle replica is to be held: `level` k is the replica that only a demand of more than k others needs. */
export interface IdleLevel {
  readonly level: number;
  readonly idleMs: number;
  readonly tier: TierName;
  /** The chance, in thousandths, that it is needed again within a minute. */
  readonly returnMilli: number;
}

export interface Explanation {
  readonly engineVersion: typeof ENGINE_VERSION;
  /** The price of a saved second that ordered the choices; undefined where idle time alone decides. */
  readonly microEuroPerSavedSecond: number | undefined;
  /** How good the cell's forecasts have been; undefined before the first has come due. */
  readonly forecastError: ForecastError | undefined;
}

export interface Decision {
  /** Replicas that should be in VRAM: ready or on their way. */
  readonly replicas: number;
  /** True when missing signals kept things as they are. */
  readonly held: boolean;
  /** Idle replicas, from the most to the least likely to be needed. */
  readonly idle: readonly IdleLevel[];
  readonly reasons: readonly Reason[];
  readonly explanation: Explanation;
  /** What this call saw of returns: fold it into the cell's `Learning`. */
  readonly observations: readonly Observation[];
  /** When to ask again though no signal has changed; undefined = no need. */
  readonly recheckAtMs: number | undefined;
  readonly history: ScalingHistory;
}
