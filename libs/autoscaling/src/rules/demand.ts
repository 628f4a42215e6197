import type { ScalingPolicy } from '../policy/policy.ts';
import type { ScalingHistory } from '../history.ts';

/**
 * Replicas for the requests that are there.
 *
 *     replicas = ceil((running + waiting) / target concurrency)
 *
 * Intent: concurrency is the one signal that needs no model of the engine. Source: Knative's KPA and KServe's concurrency
 * target, counted at an instant: the sum of what is known beats an average of what was.
 */
export function forConcurrency(policy: ScalingPolicy, load: number): number {
  return Math.ceil(load / policy.targetConcurrency);
}

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

/**
 * Replicas for an objective that is missed.
 *
 *     replicas = ceil(ready x measured / objective), at most 2 x ready
 *
 * Intent: an objective only adds; taking away is left to demand. The measure lags (a p95 over minutes), so the caller asks
 * only once the previous step has settled. Source: the HPA's ratio, with its doubling bound.
 */
export function forObjective(ready: number, measuredMs: number, objectiveMs: number | undefined): number {
  if (objectiveMs === undefined || measuredMs <= objectiveMs) return 0;
  return Math.ceil(ready * Math.min(measuredMs / objectiveMs, 2));
}

/**
 * Replicas for a load at which fewer have already missed an objective.
 *
 *     replicas = ceil(load x proved / missed load)     while load > missed load / 2
 *
 * Intent: without this memory the replica that cured a missed objective looks idle, is taken away and is missed again,
 * for ever. It is forgotten once the load has halved, as at night. Source: our own property test of constant load.
 */
export function forMissedBefore(missed: ScalingHistory['missed'], load: number): number {
  if (missed === undefined || isForgotten(missed, load)) return 0;
  return Math.ceil((load * missed.replicas) / missed.load);
}

export function isForgotten(missed: NonNullable<ScalingHistory['missed']>, load: number): boolean {
  return load * 2 <= missed.load;
}
