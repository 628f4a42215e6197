/**
 * Order of views, routes, desired state and leases. `epoch` is raised when an owner's database is restored from a
 * backup, so that a generation that repeats afterwards is still newer than the one consumers hold.
 */
export interface Generation {
  readonly epoch: bigint;
  readonly generation: bigint;
}

export function compareGenerations(a: Generation, b: Generation): -1 | 0 | 1 {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  if (a.generation !== b.generation) return a.generation < b.generation ? -1 : 1;
  return 0;
}

/** A record that goes back, or repeats, is ignored. */
export function isNewer(candidate: Generation, held: Generation | undefined): boolean {
  return held === undefined || compareGenerations(candidate, held) > 0;
}
