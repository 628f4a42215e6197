import type { Target } from './route.ts';

/**
 * The deployment of an endpoint that takes a request: by weight, among those that have replicas. `ticket` in [0, 1)
 * is the caller's chance.
 */
export function pickTarget(targets: readonly Target[], ticket: number): Target | undefined {
  const serving = targets.filter(({ replicas, weight }) => weight > 0 && replicas.length > 0);
  const total = serving.reduce((sum, { weight }) => sum + weight, 0);
  let rest = ticket * total;
  return serving.find(({ weight }) => (rest -= weight) < 0) ?? serving.at(-1);
}
