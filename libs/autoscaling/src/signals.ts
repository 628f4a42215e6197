import type { Learning } from './forecast/learning.ts';
import type { ScalingPolicy, TierName } from './policy/policy.ts';

/**
 * What is known about a deployment now. Undefined, NaN, infinite and negative all mean "missing": then nothing is taken
 * away. Requests are counted over all gateways, replicas over all nodes.
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
  /** How long a replica serves a request, in the mean; missing = waiting requests never count on a replica that frees. */
  readonly serviceMs?: number | undefined;
  /** The fastest tier from which another replica could start now; missing = none. */
  readonly standby?: TierName | undefined;
  /** What the cell has learned from all its deployments; undefined = nothing yet. */
  readonly learning?: Learning | undefined;
}

/** The signals with everything that no working meter can show taken out, and the names of the vital ones that lack. */
export interface Facts {
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  readonly ready: number | undefined;
  readonly starting: number | undefined;
  readonly oldestWaitMs: number;
  readonly ttftP95Ms: number;
  readonly tpotP95Ms: number;
  readonly serviceMs: number | undefined;
  /** How long another replica would take to start. */
  readonly wakeMs: number;
  readonly arrivals: number;
  /** As far as known. */
  readonly load: number;
  readonly missing: readonly string[];
}

export function factsOf({ tiers }: ScalingPolicy, signals: ScalingSignals): Facts {
  const vital = {
    running: known(signals.running),
    waiting: known(signals.waiting),
    ready: known(signals.readyReplicas, Math.ceil),
    starting: known(signals.startingReplicas, Math.ceil),
  };
  return {
    ...vital,
    oldestWaitMs: known(signals.oldestWaitMs) ?? 0,
    ttftP95Ms: known(signals.ttftP95Ms) ?? 0,
    tpotP95Ms: known(signals.tpotP95Ms) ?? 0,
    serviceMs: known(signals.serviceMs),
    wakeMs: (tiers.find(({ name }) => name === signals.standby) ?? tiers.at(-1)!).wakeMs,
    arrivals: known(signals.arrivals) ?? 0,
    load: (vital.running ?? 0) + (vital.waiting ?? 0),
    missing: Object.entries(vital).flatMap(([name, value]) => (value === undefined ? [name] : [])),
  };
}

function known(value: number | undefined, as = (number: number): number => number): number | undefined {
  return value !== undefined && value >= 0 && value < Infinity ? as(value) : undefined;
}
