import type { IdleLevel } from './decision.ts';
import { IDLE_EDGES_MS, nextIdleEdgeMs, placeOf } from './forecast/buckets.ts';
import type { Learning, Observation } from './forecast/learning.ts';
import { type Idle, ReturnForecast } from './forecast/return-forecast.ts';
import { arrivalRate, busyness } from './forecast/arrivals.ts';
import type { PendingForecast, ScalingHistory } from './history.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import { cheapestTier } from './rules/idle-tier.ts';

/** How far ahead a forecast is made whose error is shown. */
export const FORECAST_MS = 60_000;
const MINUTE_MS = 60_000;
/** A replica that nobody has needed for so long is no longer remembered. */
const FORGOTTEN_MS = IDLE_EDGES_MS.at(-1)!;

/** No deployment has more replicas, whatever a broken meter shows. */
const MAX_LEVELS = 10_000;

/** What demand takes of the replicas there are. */
export interface Use {
  readonly nowMs: number;
  /** Replicas that demand keeps busy; level k is idle from there on. */
  readonly inUse: number;
  readonly current: number;
  /** How long another replica would take to start. */
  readonly wakeMs: number;
  /** How long a replica serves a request, in the mean. */
  readonly serviceMs: number | undefined;
}

/**
 * When each level was last needed: level k is the replica that only a demand of more than k needs, so that the most
 * recently used idle replica is always taken first. A replica nobody has needed counts from when it was first seen.
 */
export function lastNeeded(history: ScalingHistory, { nowMs, inUse, current }: Use): readonly number[] {
  const before = history.lastNeededMs;
  const needed = Math.max(inUse, history.inUse);
  const held = Math.min(Math.max(needed, current), MAX_LEVELS);
  const levels = Array.from({ length: Math.max(held, before.length) }, (_, level) =>
    level < needed ? nowMs : Math.min(before[level] ?? nowMs, nowMs),
  );
  while (levels.length > held && nowMs - levels.at(-1)! >= FORGOTTEN_MS) levels.pop();
  return levels;
}

/** What has become of the levels that were idle when last seen, and of the forecasts that are due. */
export function observed(history: ScalingHistory, { nowMs, inUse }: Use): readonly Observation[] {
  const { seenAtMs, arrivals, lastNeededMs } = history;
  if (seenAtMs === undefined || nowMs <= seenAtMs) return [];
  const busy = busyness(arrivals, seenAtMs);
  const watched = lastNeededMs.slice(history.inUse).map((neededMs, rank): Observation => ({
    kind: 'watch',
    idleMs: seenAtMs - neededMs,
    busyness: busy,
    place: placeOf(history.inUse + rank, rank),
    watchedMs: nowMs - seenAtMs,
    returned: history.inUse + rank < inUse,
  }));
  const due = history.forecasts
    .filter((forecast) => !isPending(forecast, nowMs, inUse))
    .map(({ level, madeAtMs, returnMilli }): Observation => ({
      kind: 'forecast',
      returnMilli,
      returned: level < inUse && nowMs - madeAtMs <= FORECAST_MS,
    }));
  return [...watched, ...due];
}

/** Forecasts that are still open, with one for each level that has just become idle. */
export function pendingForecasts(
  history: ScalingHistory,
  { nowMs, inUse }: Use,
  levels: readonly IdleLevel[],
): readonly PendingForecast[] {
  const fresh = levels
    .filter(({ level }) => level < history.inUse)
    .map(({ level, returnMilli }) => ({ level, madeAtMs: nowMs, returnMilli }));
  return [...history.forecasts.filter((forecast) => isPending(forecast, nowMs, inUse)), ...fresh];
}

function isPending({ level, madeAtMs }: PendingForecast, nowMs: number, inUse: number): boolean {
  return level >= inUse && nowMs - madeAtMs < FORECAST_MS;
}

/** Where each idle replica is held best, from the most to the least recently used; never faster than the one before it. */
export function idleLevels(
  policy: ScalingPolicy,
  learning: Learning,
  history: Pick<ScalingHistory, 'arrivals' | 'lastNeededMs'>,
  use: Use,
): IdleLevel[] {
  const forecast = new ReturnForecast(learning);
  const busy = busyness(history.arrivals, use.nowMs);
  const { tiers } = policy;
  let slowest = 0;
  return history.lastNeededMs.slice(use.inUse).map((neededMs, rank) => {
    const level = use.inUse + rank;
    const idle: Idle = { idleMs: use.nowMs - neededMs, busyness: busy, place: placeOf(level, rank) };
    const tier =
      policy.idle.kind === 'time'
        ? tiers[level < use.current && idle.idleMs < policy.idle.idleMs ? 0 : tiers.length - 1]!
        : cheapestTier(tiers, {
            returnsPerGms: returnRate(forecast, idle, level, use) * waitersPerMiss(busy, use.wakeMs),
            microEuroPerSavedSecond: priceOf(policy, learning),
            otherwiseMs: level === 0 || use.serviceMs === undefined ? Infinity : use.serviceMs / level,
          });
    slowest = Math.max(slowest, tiers.indexOf(tier));
    return {
      level,
      idleMs: idle.idleMs,
      tier: tiers[slowest]!.name,
      returnMilli: forecast.returnMilli(idle, FORECAST_MS),
    };
  });
}

/**
 * The rate at which holding this level pays. One that is not there must first start, and one beside busy replicas counts only
 * on what comes before they are idle again: then it is no longer the next in line.
 */
function returnRate(forecast: ReturnForecast, idle: Idle, level: number, use: Use): number {
  if (level < use.current) return forecast.bestRate(idle, {});
  if (level > use.inUse) return 0;
  return forecast.bestRate(idle, { startingMs: use.wakeMs, withinMs: level === 0 ? undefined : (use.serviceMs ?? 0) });
}

/** Requests that wait when a replica is missed: the one that misses it, and those that come while another starts. */
function waitersPerMiss(busy: number, wakeMs: number): number {
  return 1 + arrivalRate(busy) * wakeMs;
}

/** What a saved second is worth: the policy's own price, or the one that the cell's budget affords. */
export function priceOf({ idle }: ScalingPolicy, { budget }: Learning): number {
  return idle.kind === 'price' ? idle.microEuroPerSavedSecond : budget.microEuroPerSavedSecond;
}

/** When an idle replica's place may change though nothing else does: at the next edge of idle time, or of a minute. */
export function nextIdleChangeMs(policy: ScalingPolicy, levels: readonly IdleLevel[], { nowMs, current }: Use): number {
  const edges = levels.map(({ idleMs, level }) => {
    const edgeMs = nextIdleEdgeMs(idleMs) ?? Infinity;
    const limitMs = policy.idle.kind === 'time' && policy.idle.idleMs > idleMs ? policy.idle.idleMs : Infinity;
    const change = nowMs + Math.min(edgeMs, limitMs) - idleMs;
    return level < current ? Math.min(change, (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS) : change;
  });
  return Math.min(...edges, Infinity);
}
