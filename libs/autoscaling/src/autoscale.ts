import { type Decision, ENGINE_VERSION } from './decision.ts';
import { demand } from './demand.ts';
import { withArrivals } from './forecast/arrivals.ts';
import { forecastError } from './forecast/calibration.ts';
import { NEW_LEARNING } from './forecast/learning.ts';
import type { ScalingHistory } from './history.ts';
import { idleLevels, lastNeeded, nextIdleChangeMs, observed, pendingForecasts, priceOf, type Use } from './idle.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import { bounds, mostReplicas } from './rules/bounds.ts';
import { forConcurrency } from './rules/concurrency.ts';
import { limitRate, type MinuteStart, minuteStart } from './rules/limit-rate.ts';
import { stabilised, type Wishes, withWish } from './rules/stabilise.ts';
import { type Facts, factsOf, type ScalingSignals } from './signals.ts';
import { Steps } from './steps.ts';

/**
 * How many replicas a deployment should have now, and where those that are idle should wait.
 *
 * Concurrency and queue wait come first, objectives next, then what idleness is worth; the bounds of policy and schedule
 * hold always. A missing signal never takes a replica away. Pure: equal inputs give equal bytes, and there is a decision
 * for whatever the signals are. `nowMs` is epoch milliseconds; `history` is what the last decision gave, see `readHistory`.
 */
export function autoscale(
  policy: ScalingPolicy,
  signals: ScalingSignals,
  history: ScalingHistory,
  nowMs: number,
): Decision {
  const facts = factsOf(policy, signals);
  const held = facts.missing.length > 0;
  const learning = signals.learning ?? NEW_LEARNING;
  const steps = new Steps();
  const missed = demand(policy, facts, history, nowMs, steps);
  const wishes = withWish(history.wishes, nowMs, steps.replicas, policy.scaleDown.stabilisationMs);

  const use = useOf(policy, facts, history, nowMs, steps.replicas);
  const arrivals = withArrivals(history.arrivals, nowMs, facts.arrivals);
  const lastNeededMs = lastNeeded(history, use);
  const idle = idleLevels(policy, learning, { arrivals, lastNeededMs }, use);
  const kept = idle.filter(({ tier }) => tier === 'vram').length;
  if (kept > 0) steps.atLeast('idle', use.inUse + kept, `${kept} idle worth holding in VRAM`);

  const start = minuteStart(history.minuteStart, nowMs, use.current);
  settle(policy, facts, { current: use.current, wishes, start }, steps);
  bound(policy, nowMs, steps);
  const { replicas, reasons } = steps;
  return {
    replicas,
    held,
    idle,
    reasons,
    explanation: {
      engineVersion: ENGINE_VERSION,
      microEuroPerSavedSecond: policy.idle.kind === 'time' ? undefined : priceOf(policy, learning),
      forecastError: forecastError(learning.calibration),
    },
    observations: held ? [] : observed(history, use),
    recheckAtMs: recheckAt(
      nextIdleChangeMs(policy, idle, use),
      replicas < use.current ? undefined : wishes,
      policy,
      nowMs,
    ),
    history: {
      format: 1,
      arrivals,
      replicas,
      inUse: use.inUse,
      changedAtMs: replicas === use.current ? history.changedAtMs : nowMs,
      seenAtMs: nowMs,
      lastNeededMs,
      forecasts: held ? history.forecasts : pendingForecasts(history, use, idle),
      wishes,
      missed,
      minuteStart: start,
    },
  };
}

/**
 * What demand takes; where a vital signal is missing, no less than when last seen. Never more than may ever be: a burst of
 * thousands of requests is no reason to remember thousands of replicas that the policy does not allow.
 */
function useOf(policy: ScalingPolicy, facts: Facts, history: ScalingHistory, nowMs: number, demanded: number): Use {
  const { load, ready, starting, wakeMs, serviceMs } = facts;
  const [leastUse, leastReplicas] = facts.missing.length > 0 ? [history.inUse, history.replicas] : [0, 0];
  return {
    nowMs,
    inUse: Math.min(Math.max(forConcurrency(policy, load), demanded, leastUse), mostReplicas(policy)),
    current: Math.max(ready + starting, leastReplicas),
    wakeMs,
    serviceMs,
  };
}

interface Settling {
  readonly current: number;
  readonly wishes: Wishes;
  readonly start: MinuteStart;
}

/** What keeps a decision from taking away too early, on too little knowledge or too fast. */
function settle(policy: ScalingPolicy, { missing }: Facts, { current, wishes, start }: Settling, steps: Steps): void {
  if (steps.replicas > 0) {
    const text = `more were wanted in the last ${Math.round(policy.scaleDown.stabilisationMs / 1000)} s`;
    steps.atLeast('stabilisation', Math.min(current, stabilised(wishes)), text);
  }
  if (missing.length > 0) steps.atLeast('hold', current, `${missing.join(' and ')} missing, so nothing is taken away`);
  const limited = limitRate(policy, start, current, steps.replicas);
  if (limited !== steps.replicas) steps.exactly('rate', limited, 'no faster than the policy allows in a minute');
}

function bound(policy: ScalingPolicy, nowMs: number, steps: Steps): void {
  const { rule, minReplicas, maxReplicas } = bounds(policy, nowMs);
  const replicas = Math.min(Math.max(steps.replicas, minReplicas), maxReplicas);
  if (replicas !== steps.replicas) steps.exactly(rule, replicas, `from ${minReplicas} to ${maxReplicas} allowed`);
}

/** When idleness or a demand that leaves the stabilisation window may change the decision. */
function recheckAt(
  idleMs: number,
  wishes: Wishes | undefined,
  { scaleDown }: ScalingPolicy,
  nowMs: number,
): number | undefined {
  const oldestMs = wishes?.[0]?.[0] ?? Infinity;
  const leavesMs = oldestMs + scaleDown.stabilisationMs;
  const atMs = Math.min(idleMs, leavesMs > nowMs ? leavesMs : Infinity);
  return atMs === Infinity ? undefined : atMs;
}
