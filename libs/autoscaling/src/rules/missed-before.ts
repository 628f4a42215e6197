/** The load at which an objective or the queue's limit was missed, and the replicas that were then asked for. */
export interface Missed {
  readonly load: number;
  readonly replicas: number;
}

/**
 * Replicas for a load at which fewer have already missed an objective.
 *
 *     replicas = ceil(load x replicas then / load then)     while load > load then / 2
 *
 * Intent: without this memory the replica that cured a missed objective looks idle, is taken away and is missed again, for
 * ever. It is forgotten once the load has halved, as at night.
 */
export function forMissedBefore(missed: Missed | undefined, load: number): number {
  return missed === undefined ? 0 : Math.ceil((load * missed.replicas) / missed.load);
}

/** The memory at this load: undefined once the load has halved. */
export function stillMissed(missed: Missed | undefined, load: number): Missed | undefined {
  return missed !== undefined && load * 2 > missed.load ? missed : undefined;
}
