import type { ScalingPolicy } from '../policy/policy.ts';
import type { ScalingHistory } from '../history.ts';

const MINUTE_MS = 60_000;

export type MinuteStart = ScalingHistory['minuteStart'];

/**
 * No faster than the policy allows.
 *
 *     count at the minute's start - maximum down <= replicas <= count at the minute's start + maximum up
 *
 * Intent: a wrong signal can do only so much harm before somebody looks. Source: `behavior.policies` of the Kubernetes HPA.
 */
export function limitRate(policy: ScalingPolicy, start: MinuteStart, replicas: number): number {
  if (start === undefined) return replicas;
  const highest = start.replicas + policy.scaleUp.maxPerMinute;
  const lowest = start.replicas - policy.scaleDown.maxPerMinute;
  return Math.min(Math.max(replicas, lowest), highest);
}

/** The count that this minute began with; a minute begins with the first call after the last one has ended. */
export function minuteStart(start: MinuteStart, nowMs: number, current: number): NonNullable<MinuteStart> {
  return start === undefined || nowMs - start.atMs >= MINUTE_MS || nowMs < start.atMs
    ? { atMs: nowMs, replicas: current }
    : start;
}
