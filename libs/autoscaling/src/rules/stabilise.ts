/** The largest demand of each part of the stabilisation window, oldest first. */
export type Wishes = readonly (readonly [atMs: number, replicas: number])[];

/** Parts of the window that are told apart: the memory stays small however often it is asked. */
const PARTS = 16;

/**
 * Fewer replicas only once nobody wanted more for a while.
 *
 *     replicas = the largest demand of the last stabilisation window, this one included
 *
 * Intent: going up is at once, going down waits, so that noise in demand does not become starts and stops: a load whose
 * peaks recur within the window never turns the count around. Whether the last replica goes is the idle rule's alone.
 * Source: `behavior.scaleDown.stabilizationWindowSeconds` of the Kubernetes HPA.
 */
export function stabilised(wishes: Wishes): number {
  return wishes.reduce((largest, [, replicas]) => Math.max(largest, replicas), 0);
}

/** The wishes with this call's added. A part is as old as its latest largest wish, so that none is forgotten too early. */
export function withWish(wishes: Wishes, nowMs: number, replicas: number, windowMs: number): Wishes {
  if (windowMs === 0) return [[nowMs, replicas]];
  const partMs = Math.ceil(windowMs / PARTS);
  const part = (atMs: number): number => Math.floor(atMs / partMs);
  const recent = wishes.filter(([atMs]) => nowMs - atMs < windowMs && atMs <= nowMs);
  const last = recent.at(-1);
  if (last === undefined || part(last[0]) !== part(nowMs)) return [...recent, [nowMs, replicas]];
  return replicas < last[1] ? recent : [...recent.slice(0, -1), [nowMs, replicas]];
}
