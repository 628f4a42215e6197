import type { Learning } from './forecast/learning.ts';
import type { ScalingPolicy, TierName } from './policy/policy.ts';

/**
 * What is known about a deployment now. Undefined, NaN, negative and more than can be counted all mean "missing": then
 * nothing is taken away. Requests are counted over all gateways, replicas over all nodes.
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

/** The signals with everything taken out that no working meter shows; what is missing counts as 0 and is named. */
export interface Facts {
  readonly running: number;
  readonly waiting: number;
  readonly ready: number;
  readonly starting: number;
  /** Running and waiting. */
  readonly load: number;
  readonly oldestWaitMs: number;
  readonly ttftP95Ms: number;
  readonly tpotP95Ms: number;
  readonly serviceMs: number | undefined;
  /** How long another replica would take to start. */
  readonly wakeMs: number;
  readonly arrivals: number;
  /** The vital signals that are missing. */
  readonly missing: readonly string[];
}

const VITAL = ['running', 'waiting', 'readyReplicas', 'startingReplicas'] as const;

/** Signals as the rules read them: what is missing or makes no sense counts as 0, and is named in `missing` where it is vital. */
export function factsOf({ tiers }: ScalingPolicy, signals: ScalingSignals): Facts {
  const of = (name: Measured): number => known(signals[name]) ?? 0;
  return {
    running: of('running'),
    waiting: of('waiting'),
    ready: Math.ceil(of('readyReplicas')),
    starting: Math.ceil(of('startingReplicas')),
    load: of('running') + of('waiting'),
    oldestWaitMs: of('oldestWaitMs'),
    ttftP95Ms: of('ttftP95Ms'),
    tpotP95Ms: of('tpotP95Ms'),
    serviceMs: known(signals.serviceMs),
    wakeMs: (tiers.find(({ name }) => name === signals.standby) ?? tiers.at(-1)!).wakeMs,
    arrivals: of('arrivals'),
    missing: VITAL.filter((name) => known(signals[name]) === undefined),
  };
}

type Measured = Exclude<keyof ScalingSignals, 'standby' | 'learning'>;

function known(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}
