import type { ScalingHistory } from './history.ts';

const MINUTE_MS = 60_000;
const MINUTES = 10;

type Arrivals = ScalingHistory['arrivals'];

/** The arrivals of the last ten minutes, by minute, with new ones added. */
export function rememberArrivals(arrivals: Arrivals, nowMs: number, count: number): Arrivals {
  const now = Math.floor(nowMs / MINUTE_MS);
  const recent = arrivals.filter(([minute]) => now - minute < MINUTES && minute <= now);
  if (count === 0) return recent;
  const last = recent.at(-1);
  if (last?.[0] === now) return [...recent.slice(0, -1), [now, last[1] + count]];
  return [...recent, [now, count]];
}

export function countArrivals(arrivals: Arrivals): number {
  return arrivals.reduce((sum, [, count]) => sum + count, 0);
}
