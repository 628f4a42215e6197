export { autoscale } from './autoscale.ts';
export { type Decision, ENGINE_VERSION, type Explanation, type IdleLevel, type Reason } from './decision.ts';
export { explain } from './explain.ts';
export { type Learning, type Observation } from './forecast/learning.ts';
export { EMPTY_HISTORY, type ScalingHistory } from './history.ts';
export { parsePolicy } from './policy/parse-policy.ts';
export type { IdleRule, ScalingPolicy, Schedule, Tier, TierName, Weekday } from './policy/policy.ts';
export type { ScalingSignals } from './signals.ts';
