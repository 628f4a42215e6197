import { type Decision, ENGINE_VERSION } from './decision.ts';
import { demand } from './demand.ts';
import { withArrivals } from './forecast/arrivals.ts';
import { forecastError } from './forecast/calibration.ts';
import { NEW_LEARNING } from './forecast/learning.ts';
import type { ScalingHistory } from './history.ts';
import { idleLevels, lastNeeded, nextIdleChangeMs, observed, pendingForecasts, priceOf, type Use } from './idle.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import { bounds } from './rules/bounds.ts';
import { forConcurrency } from './rules/concurrency.ts';
import { limitRate, minuteStart } from './rules/limit-rate.ts';
import { stabilised, withWish } from './rules/stabilise.ts';
import { type Facts, factsOf, type ScalingSignals } from './signals.ts';
import { Steps } from './steps.ts';

/**
 * How many replicas a deployment should have now, and where those that are idle should wait.
 *
 * Concurrency and queue wait come first, objectives next, then what idleness is worth; the bounds of policy and schedule
 * hold always. A missing signal never takes a replica away. Pure and total: equal inputs give equal bytes, and there is a
 * decision for every input.
 */
export function autoscale(
  policy: ScalingPolicy,
  signals: ScalingSignals,
  history: ScalingHistory,
  nowMs: number,
): Decision {
  const facts = factsOf(policy, signals);
  const learning = signals.learning ?? NEW_LEARNING;
  const steps = new Steps();
  const missed = demand(policy, facts, history, nowMs, steps);

  const held = facts.missing.length > 0;
  const present = (facts.ready ?? 0) + (facts.starting ?? 0);
  const current = held ? Math.max(present, history.replicas) : present;
  const inUse = Math.max(forConcurrency(policy, facts.load), steps.replicas, held ? history.inUse : 0);
  const use: Use = { nowMs, inUse, current, wakeMs: facts.wakeMs, serviceMs: facts.serviceMs };
  const arrivals = withArrivals(history.arrivals, nowMs, facts.arrivals);
  const lastNeededMs = lastNeeded(history, use);
  const idle = idleLevels(policy, learning, { arrivals, lastNeededMs }, use);
  const kept = idle.filter(({ tier }) => tier === 'vram').length;
  const wishes = withWish(history.wishes, nowMs, steps.replicas, policy.scaleDown.stabilisationMs);
  if (kept > 0) steps.atLeast('idle', inUse + kept, `${kept} idle worth holding in VRAM`);

  const start = minuteStart(history.minuteStart, nowMs, current);
  settle(
    policy,
    facts,
    {
      current,
      stabilised: steps.replicas === 0 ? 0 : stabilised(wishes),
      limit: (to) => limitRate(policy, start, current, to),
    },
    steps,
  );
  const limits = bounds(policy, nowMs);
  const replicas = Math.min(Math.max(steps.replicas, limits.minReplicas), limits.maxReplicas);
  if (replicas !== steps.replicas) {
    steps.exactly(limits.rule, replicas, `from ${limits.minReplicas} to ${limits.maxReplicas} allowed`);
  }

  const error = forecastError(learning.calibration);
  const forgottenAtMs = replicas < current ? Infinity : wishes[0]![0] + policy.scaleDown.stabilisationMs;
  const recheckAtMs = Math.min(nextIdleChangeMs(policy, idle, use), forgottenAtMs > nowMs ? forgottenAtMs : Infinity);
  return {
    replicas,
    held,
    idle,
    reasons: steps.reasons,
    explanation: {
      engineVersion: ENGINE_VERSION,
      ...(policy.idle.kind === 'time' ? {} : { microEuroPerSavedSecond: priceOf(policy, learning) }),
      ...(error === undefined ? {} : { forecastError: error }),
    },
    observations: held ? [] : observed(history, use),
    ...(recheckAtMs === Infinity ? {} : { recheckAtMs }),
    history: {
      format: 1,
      arrivals,
      replicas,
      inUse,
      ...(replicas === current ? changedAt(history) : { changedAtMs: nowMs }),
      seenAtMs: nowMs,
      lastNeededMs,
      forecasts: held ? history.forecasts : pendingForecasts(history, use, idle),
      wishes,
      ...(missed === undefined ? {} : { missed }),
      minuteStart: start,
    },
  };
}

interface Settling {
  readonly current: number;
  readonly stabilised: number;
  readonly limit: (replicas: number) => number;
}

/** What keeps a decision from taking away too early, on too little knowledge or too fast. */
function settle(
  { scaleDown }: ScalingPolicy,
  facts: Facts,
  { current, stabilised, limit }: Settling,
  steps: Steps,
): void {
  const text = `more were wanted in the last ${Math.round(scaleDown.stabilisationMs / 1000)} s`;
  steps.atLeast('stabilisation', Math.min(current, stabilised), text);
  if (facts.missing.length > 0) {
    steps.atLeast('hold', current, `${facts.missing.join(' and ')} missing, so nothing is taken away`);
  }
  const limited = limit(steps.replicas);
  if (limited !== steps.replicas) steps.exactly('rate', limited, 'no faster than the policy allows in a minute');
}

function changedAt({ changedAtMs }: ScalingHistory): { changedAtMs?: number } {
  return changedAtMs === undefined ? {} : { changedAtMs };
}
