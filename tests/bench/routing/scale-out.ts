import { mean } from '../statistics.ts';
import { ostro } from './policies.ts';
import { replay, type ReplayOptions } from './replay.ts';
import type { Arrival } from './trace.ts';

export interface ScaleOut {
  readonly from: number;
  readonly to: number;
  /** Hit ratio of the minute after one more replica came, over that of the same minute had none come: mean and least. */
  readonly kept: number;
  readonly leastKept: number;
  readonly moments: number;
}

const MINUTE_MS = 60_000;
const EVERY_MINUTES = 4;

/** Adds a replica at each of several moments, the first one when caches are warm; undefined for a trace too short. */
export function scaleOut(arrivals: readonly Arrival[], cluster: Omit<ReplayOptions, 'policy'>): ScaleOut | undefined {
  const policy = ostro(cluster);
  const without = replay(arrivals, { ...cluster, policy }).hitRatioByMinute;
  const kept: number[] = [];
  for (let minute = EVERY_MINUTES; minute < without.length - 1; minute += EVERY_MINUTES) {
    const grown = replay(arrivals, { ...cluster, policy, scaleOutAtMs: minute * MINUTE_MS });
    kept.push(grown.hitRatioByMinute[minute]! / without[minute]!);
  }
  if (kept.length === 0) return undefined;
  return {
    from: cluster.replicas,
    to: cluster.replicas + 1,
    kept: mean(kept),
    leastKept: Math.min(...kept),
    moments: kept.length,
  };
}
