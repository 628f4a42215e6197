import type { ScalingHistory } from '../history.ts';

/** Parts of the window that are told apart: the memory stays small however often it is asked. */
const PARTS = 16;

export type WantedHistory = ScalingHistory['wanted'];

/**
 * What was wanted, with this call's wish added: the largest wish per sixteenth of the window, oldest first.
 */
export function remember(wanted: WantedHistory, nowMs: number, replicas: number, windowMs: number): WantedHistory {
  const partMs = Math.max(1, Math.ceil(windowMs / PARTS));
  const recent = wanted.filter(([atMs]) => nowMs - atMs < windowMs && atMs <= nowMs);
  const last = recent.at(-1);
  if (last !== undefined && Math.floor(last[0] / partMs) === Math.floor(nowMs / partMs)) {
    return [...recent.slice(0, -1), [last[1] > replicas ? last[0] : nowMs, Math.max(last[1], replicas)]];
  }
  return [...recent, [nowMs, replicas]];
}

/**
 * Fewer replicas only once nobody wanted more for a while.
 *
 *     replicas = the largest wish of the last stabilisation window
 *
 * Intent: going up is at once, going down waits, so that noise in demand does not become starts and stops.
 * Source: `behavior.scaleDown.stabilizationWindowSeconds` of the Kubernetes HPA.
 */
export function stabilised(wanted: WantedHistory): number {
  return wanted.reduce((largest, [, replicas]) => Math.max(largest, replicas), 0);
}
