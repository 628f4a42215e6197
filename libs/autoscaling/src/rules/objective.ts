/**
 * Replicas for an objective that is missed.
 *
 *     replicas = ceil(ready x measured / objective), at most 2 x ready
 *
 * Intent: an objective only adds; taking away is left to demand. The measure lags (a p95 over minutes), so it is asked only
 * once the previous step has settled. Source: the ratio of the Kubernetes HPA, with its doubling bound.
 */
export function forObjective(ready: number, measuredMs: number, objectiveMs: number | undefined): number {
  if (objectiveMs === undefined || measuredMs <= objectiveMs) return 0;
  return Math.ceil(ready * Math.min(measuredMs / objectiveMs, 2));
}
