import type { Filter } from '../stages.ts';

/** Replicas that can answer. */
export const healthy: Filter = {
  name: 'healthy',
  mandatory: true,
  prepare: () => (replica) => replica.isHealthy,
  refusal: () => 'is not healthy',
};
