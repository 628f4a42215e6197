import {
  autoscale,
  type Decision,
  EMPTY_HISTORY,
  parsePolicy,
  type ScalingHistory,
  type ScalingPolicy,
  type ScalingSignals,
} from '../src/index.ts';

/** A Monday, 00:00 UTC. */
export const MONDAY_MS = Date.parse('2026-11-16T00:00:00Z');
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;

export const aPolicy = (overrides: object = {}): ScalingPolicy => parsePolicy({ maxReplicas: 10, ...overrides });

/** Nothing to do and nothing there; last write wins. */
export const signals = (overrides: Partial<ScalingSignals> = {}): ScalingSignals => ({
  running: 0,
  waiting: 0,
  oldestWaitMs: 0,
  ttftP95Ms: undefined,
  tpotP95Ms: undefined,
  readyReplicas: 0,
  startingReplicas: 0,
  arrivals: 0,
  ...overrides,
});

/** Decides once with no past. */
export const decide = (policy: ScalingPolicy, overrides: Partial<ScalingSignals> = {}): Decision =>
  autoscale(policy, signals(overrides), EMPTY_HISTORY, MONDAY_MS);

/** Decides over and over, each time with the history of the last. */
export function decideAll(
  policy: ScalingPolicy,
  steps: readonly (readonly [atMs: number, overrides: Partial<ScalingSignals>])[],
): Decision[] {
  let history: ScalingHistory = EMPTY_HISTORY;
  return steps.map(([atMs, overrides]) => {
    const decision = autoscale(policy, signals(overrides), history, MONDAY_MS + atMs);
    ({ history } = decision);
    return decision;
  });
}
