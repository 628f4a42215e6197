import type { ScalingPolicy } from '../policy/policy.ts';

const MINUTE_MS = 60_000;

/** The count that a minute began with; a minute begins with the first call after the last one has ended. */
export interface MinuteStart {
  readonly atMs: number;
  readonly replicas: number;
}

/**
 * No faster than the policy allows.
 *
 *     count at the minute's start - maximum down <= replicas <= count at the minute's start + maximum up
 *
 * Intent: a wrong signal can do only so much harm before somebody looks. What came or went by other hands is neither undone
 * nor made up for: the present count is always allowed. Source: `behavior.policies` of the Kubernetes HPA.
 */
export function limitRate(
  { scaleUp, scaleDown }: ScalingPolicy,
  start: MinuteStart,
  current: number,
  replicas: number,
): number {
  const highest = Math.max(start.replicas + scaleUp.maxPerMinute, current);
  const lowest = Math.min(start.replicas - scaleDown.maxPerMinute, current);
  return Math.min(Math.max(replicas, lowest), highest);
}

/** From where a minute's changes are counted: begins anew when it is over, or when the clock went back. */
export function minuteStart(start: MinuteStart | undefined, nowMs: number, current: number): MinuteStart {
  const isOver = start === undefined || nowMs - start.atMs >= MINUTE_MS || nowMs < start.atMs;
  return isOver ? { atMs: nowMs, replicas: current } : start;
}
