import { SeededRandom } from '@ostro/kernel';
import fc from 'fast-check';
import { MONDAY_MS, MINUTE_MS, SECOND_MS } from '../test/builders.ts';
import {
  autoscale,
  type Decision,
  EMPTY_HISTORY,
  learn,
  type Learning,
  NEW_LEARNING,
  parsePolicy,
  type ScalingHistory,
  type ScalingPolicy,
  type ScalingSignals,
} from './index.ts';

const policies = fc
  .record({
    minReplicas: fc.integer({ min: 0, max: 3 }),
    more: fc.integer({ min: 1, max: 20 }),
    targetConcurrency: fc.integer({ min: 1, max: 16 }),
    ttftP95Ms: fc.option(fc.integer({ min: 100, max: 2_000 }), { nil: undefined }),
    idle: fc.constantFrom({ idleMs: 0 }, { idleMs: 120_000 }, { eurosPerSavedSecond: 0.003 }, 'cell'),
    stabilisationMs: fc.constantFrom(0, 60_000, 300_000),
    maxPerMinute: fc.constantFrom(1, 3, 10_000),
  })
  .map(({ more, stabilisationMs, maxPerMinute, ...rest }) =>
    parsePolicy({
      ...rest,
      maxReplicas: rest.minReplicas + more,
      scaleUp: { maxPerMinute },
      scaleDown: { stabilisationMs, maxPerMinute },
      tiers: [
        { name: 'vram', wakeMs: 0, eurosPerHour: 2 },
        { name: 'hostRam', wakeMs: 4_000, eurosPerHour: 0.05 },
        { name: 'none', wakeMs: 25_000 },
      ],
    }),
  );

const meter = (max: number) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max }) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, Number.NaN, Infinity, -1, 0.5, 1e15) },
  );
const measured: fc.Arbitrary<ScalingSignals> = fc.record({
  running: meter(40),
  waiting: meter(40),
  oldestWaitMs: meter(60_000),
  ttftP95Ms: meter(5_000),
  tpotP95Ms: meter(500),
  readyReplicas: meter(25),
  startingReplicas: meter(5),
  arrivals: meter(20),
  serviceMs: meter(60_000),
});
const run = fc.array(fc.tuple(measured, fc.integer({ min: -1_000, max: 400_000 })), { minLength: 1, maxLength: 40 });

/** Decides through a run of signals, learning on the way; answers every decision with what it was given. */
function through(policy: ScalingPolicy, steps: readonly (readonly [ScalingSignals, number])[]) {
  let history: ScalingHistory = EMPTY_HISTORY;
  let learning: Learning = NEW_LEARNING;
  let nowMs = MONDAY_MS;
  return steps.map(([signals, laterMs]) => {
    nowMs += laterMs;
    const given = { signals: { ...signals, learning }, history, nowMs };
    const decision = autoscale(policy, given.signals, history, nowMs);
    ({ history } = decision);
    learning = learn(learning, decision.observations);
    return { ...given, decision };
  });
}

const isMissing = (value: number | undefined): boolean => value === undefined || !(value >= 0 && value < Infinity);

describe('autoscale, for any policy and any signals', () => {
  it('stays between minimum and maximum, in whole numbers', () => {
    fc.assert(
      fc.property(policies, run, (policy, steps) => {
        for (const { decision } of through(policy, steps)) {
          expect(Number.isInteger(decision.replicas)).toBe(true);
          expect(decision.replicas).toBeGreaterThanOrEqual(policy.minReplicas);
          expect(decision.replicas).toBeLessThanOrEqual(policy.maxReplicas);
          expect(decision.reasons.at(-1)!.replicas).toBe(decision.replicas);
        }
      }),
    );
  });

  it('never takes a replica away while a signal is missing', () => {
    fc.assert(
      fc.property(policies, run, (policy, steps) => {
        for (const { signals, decision } of through(policy, steps)) {
          const { running, waiting, readyReplicas = 0, startingReplicas = 0 } = signals;
          expect(decision.held).toBe(
            [running, waiting, signals.readyReplicas, signals.startingReplicas].some(isMissing),
          );
          if (!decision.held || isMissing(readyReplicas) || isMissing(startingReplicas)) continue;
          const present = Math.min(readyReplicas + startingReplicas, policy.maxReplicas);
          expect(decision.replicas).toBeGreaterThanOrEqual(Math.floor(present));
        }
      }),
    );
  });

  it('decides the same bytes from inputs that went through JSON', () => {
    fc.assert(
      fc.property(policies, run, (policy, steps) => {
        for (const { signals, history, nowMs, decision } of through(policy, steps)) {
          const stored = JSON.parse(JSON.stringify({ policy, history, learning: signals.learning }));
          const again = autoscale(stored.policy, { ...signals, learning: stored.learning }, stored.history, nowMs);
          expect(JSON.stringify(again)).toBe(JSON.stringify(decision));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('remembers a bounded amount', () => {
    fc.assert(
      fc.property(policies, run, (policy, steps) => {
        const { history } = through(policy, steps).at(-1)!.decision;
        expect(history.arrivals.length).toBeLessThanOrEqual(60);
        expect(history.wishes.length).toBeLessThanOrEqual(17);
        expect(history.lastNeededMs.length).toBeLessThanOrEqual(10_000);
        expect(history.forecasts.length).toBeLessThanOrEqual(history.lastNeededMs.length);
      }),
    );
  });

  it('wants no fewer replicas for more requests', () => {
    fc.assert(
      fc.property(policies, measured, fc.integer({ min: 1, max: 50 }), (policy, signals, more) => {
        fc.pre(!isMissing(signals.running) && !isMissing(signals.waiting) && signals.running! < 1e6);
        const wants = (running: number): number =>
          autoscale(policy, { ...signals, running, serviceMs: undefined }, EMPTY_HISTORY, MONDAY_MS).replicas;
        expect(wants(signals.running! + more)).toBeGreaterThanOrEqual(wants(signals.running!));
      }),
    );
  });
});

interface Plant {
  readonly load: number;
  readonly jitter: number;
  readonly startMs: number;
  /** Time to first token of a replica with one request; it grows with the square of what it serves. */
  readonly ttftMs: number;
}

/** A deployment under constant load with noise: what it measures follows from the replicas it has. */
function operate(policy: ScalingPolicy, { load, jitter, startMs, ttftMs }: Plant, noise: () => number): Decision[] {
  let history: ScalingHistory = EMPTY_HISTORY;
  let ready = 0;
  let starts: number[] = [];
  const decisions: Decision[] = [];
  for (let nowMs = MONDAY_MS; nowMs < MONDAY_MS + 90 * MINUTE_MS; nowMs += 5 * SECOND_MS) {
    ready += starts.filter((atMs) => atMs <= nowMs).length;
    starts = starts.filter((atMs) => atMs > nowMs);
    const requests = Math.max(1, Math.round(load + jitter * noise()));
    const running = Math.min(requests, 2 * ready * policy.targetConcurrency);
    const each = running / Math.max(ready, 1) / policy.targetConcurrency;
    const measured = {
      running,
      waiting: requests - running,
      oldestWaitMs: requests > running ? 5_000 : 0,
      arrivals: 1,
    };
    const ttftP95Ms = ttftMs * (1 + each * each * 3);
    const replicas = { readyReplicas: ready, startingReplicas: starts.length };
    const decision = autoscale(policy, { ...measured, ttftP95Ms, tpotP95Ms: undefined, ...replicas }, history, nowMs);
    ({ history } = decision);
    decisions.push(decision);
    while (ready + starts.length < decision.replicas) starts.push(nowMs + startMs);
    while (ready + starts.length > decision.replicas && starts.length > 0) starts.pop();
    ready = Math.min(ready, decision.replicas);
  }
  return decisions;
}

/** How often the count turned from growing to shrinking or back within any ten minutes, after it has settled. */
function mostReversals(counts: readonly number[]): number {
  const turns: number[] = [];
  let direction = 0;
  counts.forEach((count, at) => {
    const step = Math.sign(count - (counts[at - 1] ?? count));
    if (step !== 0 && direction !== 0 && step !== direction) turns.push(at);
    if (step !== 0) direction = step;
  });
  return Math.max(0, ...turns.map((from) => turns.filter((at) => at >= from && at < from + 120).length));
}

describe('autoscale at constant load', () => {
  it('turns at most once in ten minutes', () => {
    const plants = fc.record({
      load: fc.integer({ min: 1, max: 60 }),
      jitter: fc.integer({ min: 0, max: 3 }),
      startMs: fc.integer({ min: 0, max: 90_000 }),
      ttftMs: fc.integer({ min: 50, max: 800 }),
    });
    const steady = policies.map((policy) => ({
      ...policy,
      maxReplicas: 64,
      scaleDown: { ...policy.scaleDown, stabilisationMs: 600_000 },
    }));
    fc.assert(
      fc.property(steady, plants, fc.integer(), (policy, plant, seed) => {
        const counts = operate(policy, plant, uniform(seed)).map(({ replicas }) => replicas);
        expect(mostReversals(counts)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

/** Noise from -1 to 1. */
function uniform(seed: number): () => number {
  const random = new SeededRandom(seed);
  return () => 2 * random.share() - 1;
}
