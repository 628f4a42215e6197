import { localTime } from '../policy/local-time.ts';
import { type ScalingPolicy, type Schedule, WEEKDAYS } from '../policy/policy.ts';

export interface Bounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** What set them. */
  readonly rule: 'bounds' | 'schedule';
}

/**
 * The smallest and the largest count that are allowed now.
 *
 *     minimum = the largest minimum in force,  maximum = the smallest maximum in force,  minimum <= maximum
 *
 * Intent: a schedule replaces the bound of the policy that it names. Where two schedules contradict each other the maximum
 * wins: it is what protects the bill. Source: cron scaling of KEDA and Baseten's calendar, on wall clocks.
 */
export function bounds(policy: ScalingPolicy, nowMs: number): Bounds {
  const inForce = policy.schedules.filter((schedule) => isInForce(schedule, nowMs));
  const minima = inForce.flatMap(({ minReplicas }) => minReplicas ?? []);
  const maxima = inForce.flatMap(({ maxReplicas }) => maxReplicas ?? []);
  const maxReplicas = maxima.length === 0 ? policy.maxReplicas : Math.min(...maxima);
  const minReplicas = minima.length === 0 ? policy.minReplicas : Math.max(...minima);
  return {
    minReplicas: Math.min(minReplicas, maxReplicas),
    maxReplicas,
    rule: inForce.length > 0 ? 'schedule' : 'bounds',
  };
}

/** The largest count that any hour allows. */
export function mostReplicas(policy: ScalingPolicy): number {
  return Math.max(policy.maxReplicas, ...policy.schedules.map(({ maxReplicas = 0 }) => maxReplicas));
}

function isInForce({ days, fromMinute, toMinute, timeZone }: Schedule, nowMs: number): boolean {
  const { day, minute } = localTime(nowMs, timeZone);
  if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  const yesterday = WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7]!;
  return (days.includes(day) && minute >= fromMinute) || (days.includes(yesterday) && minute < toMinute);
}
