import { replicasOf, type Route } from './route.ts';

const WINDOW_MS = 60_000;
const LEAST_LOSSES = 3;
/** 30 % of the routes, in integers. */
const SHARE_PERCENT = 30;

/**
 * Keeps one mistaken message about many nodes from emptying every route. Losses of replicas that somebody meant pass;
 * those with cause node_lost, or none, pass up to max(3, 30 % of the routes) within 60 s. Beyond that the old
 * replicas are kept until the owner says otherwise or they fail on the gateway's own evidence.
 */
export class RouteGuard {
  #losses: readonly number[] = [];

  /** @returns the route to use instead of `next`, or undefined when `next` passes. */
  quarantined(previous: Route | undefined, next: Route | undefined, facts: { routes: number; nowMs: number }) {
    const kept = previous && lostWithoutIntent(previous, next);
    if (kept === undefined) return undefined;
    this.#losses = [...this.#losses.filter((at) => facts.nowMs - at < WINDOW_MS), facts.nowMs];
    const allowed = Math.max(LEAST_LOSSES, Math.floor((facts.routes * SHARE_PERCENT) / 100));
    return this.#losses.length > allowed ? kept : undefined;
  }
}

/** What the route would be with the replicas it is losing; undefined when it loses none, or by intent. */
function lostWithoutIntent(previous: Route, next: Route | undefined): Route | undefined {
  if (previous.isDeleted || next?.isDeleted || next?.cause === 'intended') return undefined;
  const staying = new Set((next ? replicasOf(next) : []).map(({ replicaId }) => replicaId));
  const isLosing = replicasOf(previous).some(({ replicaId }) => !staying.has(replicaId));
  if (!isLosing) return undefined;
  return next === undefined ? previous : { ...next, targets: withReplicasOf(previous, next) };
}

/** Targets of `next`; each keeps the replicas it had, and one that vanished stays. */
function withReplicasOf(previous: Route, next: Route): Route['targets'] {
  const kept = new Map(previous.targets.map((target) => [target.revisionId, target]));
  const merged = next.targets.map((target) => {
    const had = kept.get(target.revisionId)?.replicas ?? [];
    kept.delete(target.revisionId);
    const now = new Set(target.replicas.map(({ replicaId }) => replicaId));
    return { ...target, replicas: [...target.replicas, ...had.filter(({ replicaId }) => !now.has(replicaId))] };
  });
  return [...merged, ...kept.values()];
}
