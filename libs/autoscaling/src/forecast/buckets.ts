/**
 * Where the forecast keeps what it learns: how long a replica has been idle, how busy its deployment was, and whether it is
 * the next one to be needed. Edges grow by about a third, so that each bucket tells something else than its neighbour.
 */
export const IDLE_EDGES_MS: readonly number[] = [
  5, 10, 15, 22, 30, 40, 55, 75, 100, 140, 200, 300, 450, 700, 1_200, 2_400, 3_600, 7_200, 14_400, 43_200,
].map((seconds) => seconds * 1_000);

/** In quarters of an arrival, see `busyness`. */
const BUSY_EDGES: readonly number[] = [1, 4, 6, 8, 10, 13, 17, 25, 37, 53, 81, 121, 201];

/** A deployment's only replica, the next one beside busy ones, and all behind those: each is needed for other reasons. */
const PLACES = 3;

export const IDLE_BUCKETS = IDLE_EDGES_MS.length + 1;
export const BUSY_BUCKETS = BUSY_EDGES.length + 1;
/** Buckets that tell idle time and busyness apart, and those that also tell the place. */
export const COARSE = IDLE_BUCKETS * BUSY_BUCKETS;
export const FINE = COARSE * PLACES;

/** Which of `IDLE_BUCKETS` an idle time falls into. */
export function idleBucket(idleMs: number): number {
  return countUpTo(IDLE_EDGES_MS, idleMs);
}

/** Which of `BUSY_BUCKETS` a busyness, in quarters of an arrival, falls into. */
export function busyBucket(busyness: number): number {
  return countUpTo(BUSY_EDGES, busyness);
}

/** Index of (idle time, busyness) in the tables of `COARSE` buckets. */
export function coarse(idle: number, busy: number): number {
  return idle * BUSY_BUCKETS + busy;
}

/** Index of a coarse bucket and a place in the tables of `FINE` buckets. */
export function fine(coarseBucket: number, place: number): number {
  return coarseBucket * PLACES + place;
}

/** The place of an idle replica: `level` as in `lastNeeded`, `rank` among the idle. */
export function placeOf(level: number, rank: number): number {
  if (level === 0) return 0;
  return rank === 0 ? 1 : 2;
}

/** When a replica that has been idle so long enters the next bucket; undefined in the last. */
export function nextIdleEdgeMs(idleMs: number): number | undefined {
  return IDLE_EDGES_MS[idleBucket(idleMs)];
}

function countUpTo(edges: readonly number[], value: number): number {
  let count = 0;
  while (count < edges.length && value >= edges[count]!) count += 1;
  return count;
}
