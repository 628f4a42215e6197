import type { ScalingPolicy } from '../policy/policy.ts';

/**
 * Replicas for requests that wait although concurrency says there are enough.
 *
 *     replicas = ready + ceil(waiting / target concurrency)     when the oldest wait exceeds its limit
 *
 * Intent: a queue that does not drain shows that the target is too high for these requests. Replicas that are starting are
 * not counted twice: only those that are ready have proved too few. Source: RunPod's queue delay.
 */
export function forQueueWait(policy: ScalingPolicy, ready: number, waiting: number, oldestWaitMs: number): number {
  if (oldestWaitMs <= policy.maxQueueWaitMs || waiting === 0) return 0;
  return ready + Math.ceil(waiting / policy.targetConcurrency);
}
