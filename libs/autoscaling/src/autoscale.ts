import { type Decision, ENGINE_VERSION, type IdleLevel, type Reason } from './decision.ts';
import { priorReturnRate } from './forecast/return-rate.ts';
import type { ScalingHistory } from './history.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import { countArrivals, rememberArrivals } from './remember-arrivals.ts';
import { bounds } from './rules/bounds.ts';
import { forConcurrency, forMissedBefore, forObjective, forQueueWait, isForgotten } from './rules/demand.ts';
import { cheapestTier, returnMilli } from './rules/hold.ts';
import { limitRate, minuteStart } from './rules/limit-rate.ts';
import { remember, stabilised } from './rules/stabilise.ts';
import type { ScalingSignals } from './signals.ts';

/** A p95 over a minute says nothing about a replica that joined within it. */
const SETTLE_MS = 60_000;

/**
 * How many replicas a deployment should have now, and where those that are idle should wait.
 *
 * Concurrency and queue wait come first, objectives next, then what idleness is worth; the schedule's bounds hold always.
 * A missing signal never takes a replica away. Pure: equal inputs give equal bytes, whatever the machine.
 */
export function autoscale(
  policy: ScalingPolicy,
  signals: ScalingSignals,
  history: ScalingHistory,
  nowMs: number,
): Decision {
  const reasons: Reason[] = [];
  const ready = known(signals.readyReplicas);
  const starting = known(signals.startingReplicas);
  const running = known(signals.running);
  const waiting = known(signals.waiting);
  const limits = bounds(policy, nowMs);
  const arrivals = rememberArrivals(history.arrivals, nowMs, known(signals.arrivals) ?? 0);
  const missing = Object.entries({ ready, starting, running, waiting })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  const current = ready === undefined || starting === undefined ? (history.wanted.at(-1)?.[1] ?? 0) : ready + starting;
  const start = minuteStart(history.minuteStart, nowMs, current);
  const load = (running ?? 0) + (waiting ?? 0);

  let wanted = forConcurrency(policy, load);
  reasons.push({ rule: 'concurrency', replicas: wanted, text: `${load} requests at ${policy.targetConcurrency} each` });
  const raise = (rule: string, replicas: number, text: string): void => {
    if (replicas <= wanted) return;
    wanted = replicas;
    reasons.push({ rule, replicas, text });
  };

  const remembered = history.missed !== undefined && !isForgotten(history.missed, load) ? history.missed : undefined;
  let missed = remembered;
  raise('missed-before', forMissedBefore(remembered, load), `fewer missed an objective at this load before`);
  const beforeObjectives = wanted;
  const oldestWaitMs = known(signals.oldestWaitMs) ?? 0;
  raise(
    'queue-wait',
    forQueueWait(policy, ready ?? 0, waiting ?? 0, oldestWaitMs),
    `${waiting ?? 0} wait, the oldest for ${oldestWaitMs} ms`,
  );
  const settled = starting === 0 && nowMs - (history.changedAtMs ?? -SETTLE_MS) >= SETTLE_MS;
  if (settled) {
    const ttft = known(signals.ttftP95Ms) ?? 0;
    const tpot = known(signals.tpotP95Ms) ?? 0;
    raise('ttft', forObjective(ready ?? 0, ttft, policy.ttftP95Ms), `time to first token p95 is ${ttft} ms`);
    raise('tpot', forObjective(ready ?? 0, tpot, policy.tpotP95Ms), `time per token p95 is ${tpot} ms`);
  }
  if (wanted > beforeObjectives && load > 0 && wanted > (ready ?? 0) && (ready ?? 0) > 0) {
    missed = { load, replicas: wanted };
  }
  const demand = missing.length === 0 ? wanted : undefined;

  const lastNeededMs = rememberNeeded(history.lastNeededMs, nowMs, wanted, current, policy.maxReplicas);
  const idle = idleLevels(policy, signals, lastNeededMs, { nowMs, demand: wanted, arrivals: countArrivals(arrivals) });
  const kept = idle.filter(({ tier }) => tier === 'vram').length;
  raise('keep-alive', wanted + kept, `${kept} idle ${kept === 1 ? 'replica is' : 'replicas are'} worth holding`);

  const history2 = remember(history.wanted, nowMs, wanted, Math.max(policy.scaleDown.stabilisationMs, 1));
  if (wanted < current) raise('stabilisation', Math.min(current, stabilised(history2)), 'more were wanted a while ago');
  const held = missing.length > 0;
  if (held) raise('hold', current, `${missing.join(' and ')} missing: nothing is taken away`);
  const limited = limitRate(policy, start, wanted);
  if (limited !== wanted) {
    reasons.push({ rule: 'rate', replicas: limited, text: `from ${start.replicas} this minute` });
    wanted = limited;
  }
  const bounded = Math.min(Math.max(wanted, limits.minReplicas), limits.maxReplicas);
  if (bounded !== wanted) {
    const text = `between ${limits.minReplicas} and ${limits.maxReplicas}`;
    reasons.push({ rule: limits.schedules > 0 ? 'schedule' : 'bounds', replicas: bounded, text });
  }
  return {
    replicas: bounded,
    held,
    idle,
    reasons,
    explanation: {
      engineVersion: ENGINE_VERSION,
      demand,
      microEuroPerSavedSecond: policy.idle.kind === 'price' ? policy.idle.microEuroPerSavedSecond : undefined,
      forecastErrorMilli: undefined,
    },
    observations: [],
    history: {
      format: 1,
      arrivals,
      lastNeededMs,
      wanted: history2,
      missed,
      changedAtMs: bounded === current ? history.changedAtMs : nowMs,
      minuteStart: start,
      observedAtMs: nowMs,
    },
  };
}

/** A number that a meter can show; everything else is missing. */
function known(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 && value < Infinity ? value : undefined;
}

/** Demand needs its first replicas now; a replica nobody has needed yet counts from when it was first seen. */
function rememberNeeded(
  lastNeededMs: readonly number[],
  nowMs: number,
  demand: number,
  current: number,
  highest: number,
): readonly number[] {
  const length = Math.min(highest, Math.max(demand, current, lastNeededMs.length));
  return Array.from({ length }, (_, level) => (level < demand ? nowMs : (lastNeededMs[level] ?? nowMs)));
}

function idleLevels(
  policy: ScalingPolicy,
  _signals: ScalingSignals,
  lastNeededMs: readonly number[],
  { nowMs, demand, arrivals }: { nowMs: number; demand: number; arrivals: number },
): IdleLevel[] {
  const coldMs = policy.tiers.at(-1)!.wakeMs;
  let tier = 0;
  return lastNeededMs.slice(demand).map((neededMs, at) => {
    const idleMs = nowMs - neededMs;
    const rate = priorReturnRate(idleMs, arrivals);
    const { idle, tiers } = policy;
    const best =
      idle.kind === 'time'
        ? tiers[idleMs < idle.idleMs ? 0 : tiers.length - 1]!
        : cheapestTier(tiers, rate, idle.kind === 'price' ? idle.microEuroPerSavedSecond : 1000);
    tier = Math.max(tier, tiers.indexOf(best));
    return { level: demand + at, idleMs, tier: tiers[tier]!.name, returnMilli: returnMilli(rate, coldMs) };
  });
}
