/** The load at which an objective or the queue's limit was missed, and the replicas that were then asked for. */
export interface Missed {
  readonly load: number;
  readonly replicas: number;
  /** When the load was last above half of that. */
  readonly lastMs: number;
}

/**
 * Replicas for a load at which fewer have already missed an objective.
 *
 *     replicas = ceil(load x replicas then / load then)
 *
 * Intent: without this memory the replica that cured a missed objective looks idle, is taken away and is missed again, for
 * ever. It is forgotten once the load has stayed at half or less for the stabilisation window, as at night.
 */
export function forMissedBefore(missed: Missed | undefined, load: number): number {
  return missed === undefined ? 0 : Math.ceil((load * missed.replicas) / missed.load);
}

/** The memory after this load: undefined once it is forgotten. */
export function stillMissed(
  missed: Missed | undefined,
  load: number,
  nowMs: number,
  windowMs: number,
): Missed | undefined {
  if (missed === undefined) return undefined;
  if (load * 2 > missed.load) return { ...missed, lastMs: nowMs };
  return nowMs - missed.lastMs < windowMs ? missed : undefined;
}
