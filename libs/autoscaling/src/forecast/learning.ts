/** Working draft of the learned state: what a cell knows about how soon idle replicas are needed again. */
export interface Learning {
  readonly format: 1;
}

/** An idle replica was watched: how long it had been idle, how busy its model was, and whether it was needed. */
export interface Observation {
  readonly idleMs: number;
  readonly recentArrivals: number;
  readonly watchedMs: number;
  readonly returned: boolean;
}
