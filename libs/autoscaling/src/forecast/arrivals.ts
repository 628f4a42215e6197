const MINUTE_MS = 60_000;
const REMEMBERED_MINUTES = 60;
const RECENT_MINUTES = 10;

/** Requests that arrived, by minute since the epoch, oldest first: the last hour. */
export type Arrivals = readonly (readonly [minute: number, count: number])[];

/** The arrivals of the last hour with new ones added. */
export function withArrivals(arrivals: Arrivals, nowMs: number, count: number): Arrivals {
  const now = Math.floor(nowMs / MINUTE_MS);
  const [oldest] = arrivals;
  const recent =
    oldest === undefined || isRemembered(oldest[0], now)
      ? arrivals
      : arrivals.filter(([minute]) => isRemembered(minute, now));
  if (count === 0) return recent;
  const last = recent.at(-1);
  if (last?.[0] === now) return [...recent.slice(0, -1), [now, last[1] + count]];
  return [...recent, [now, count]];
}

/**
 * How busy a deployment has been lately, in quarters of an arrival.
 *
 *     busyness = 4 x arrivals of the last ten minutes + arrivals of the last hour
 *
 * Intent: the last ten minutes tell most about the next; the hour tells a short pause from the end of a session.
 */
export function busyness(arrivals: Arrivals, nowMs: number): number {
  const now = Math.floor(nowMs / MINUTE_MS);
  let sum = 0;
  for (const [minute, count] of arrivals) {
    if (now - minute < RECENT_MINUTES) sum += 5 * count;
    else if (isRemembered(minute, now)) sum += count;
  }
  return sum;
}

/** Arrivals per ms at a busyness, as the last ten minutes have it. */
export function arrivalRate(busy: number): number {
  return busy / (4 * RECENT_MINUTES * MINUTE_MS);
}

function isRemembered(minute: number, now: number): boolean {
  return now - minute < REMEMBERED_MINUTES && minute <= now;
}
