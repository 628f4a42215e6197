import type { ScalingPolicy } from '../policy/policy.ts';

/**
 * Replicas for the requests that are there.
 *
 *     replicas = ceil((running + waiting) / target concurrency)
 *
 * Intent: concurrency is the one signal that needs no model of the engine. Source: the concurrency target of Knative and
 * KServe, counted at an instant: what is known now beats an average of what was.
 */
export function forConcurrency({ targetConcurrency }: ScalingPolicy, load: number): number {
  return Math.ceil(load / targetConcurrency);
}
