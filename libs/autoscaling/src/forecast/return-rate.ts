/** The prior: one return in ten minutes of a model that had one arrival in the last ten. */
const WINDOW_MS = 600_000;

/** Returns per 10^9 ms expected of a replica that has been idle so long, beside so many arrivals in ten minutes. */
export function priorReturnRate(idleMs: number, recentArrivals: number): number {
  return Math.round(((recentArrivals + 0.5) * 1e9) / (WINDOW_MS + idleMs));
}
