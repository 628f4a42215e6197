/** What late binding weighs; times in ms. */
export interface Waiting {
  readonly waiting: number;
  /** Requests that ready replicas are serving. */
  readonly running: number;
  /** Requests that replicas on their way will take. */
  readonly starting: number;
  readonly serviceMs: number;
  readonly wakeMs: number;
}

/**
 * How many of the waiting requests are served sooner by what is there than by a start.
 *
 *     the j-th place is free after  serviceMs x j / running;  it counts while that is at most wakeMs
 *
 * Intent: a waiting request takes whichever comes first, the replica that is loading or one that frees; a start that would
 * come later than a free place only costs. Services are taken to end like an exponential's: however
 * long one has run, it takes its mean once more, which is cautious where they are more even. Source: late binding as in Sparrow (SOSP'13), applied to cold starts.
 */
export function servedSooner({ waiting, running, starting, serviceMs, wakeMs }: Waiting): number {
  if (running === 0) return 0;
  const places = serviceMs === 0 ? waiting : Math.floor((wakeMs * running) / serviceMs);
  return Math.min(places, Math.max(0, waiting - starting));
}
