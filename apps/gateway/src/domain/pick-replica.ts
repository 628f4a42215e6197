import type { Replica, Target } from './route.ts';

/** What this gateway knows of replicas beyond their route. */
export interface ReplicaLoad {
  /** Requests this gateway has under way there. */
  inFlight(replicaId: string): number;
  /** Failed or refused lately on this gateway's own evidence. */
  isAvoided(replicaId: string): boolean;
}

/**
 * The deployment of an endpoint that takes a request: by weight, among those that have replicas. `ticket` in [0, 1)
 * is the caller's chance.
 */
export function pickTarget(targets: readonly Target[], ticket: number): Target | undefined {
  const serving = targets.filter(({ replicas, weight }) => weight > 0 && replicas.length > 0);
  const total = serving.reduce((sum, { weight }) => sum + weight, 0);
  let rest = ticket * total;
  return serving.find(({ weight }) => (rest -= weight) < 0) ?? serving.at(-1);
}

/** Whether this gateway alone already fills a replica; 0 means that its limit is not known. */
export function isFull({ replicaId, concurrency }: Replica, load: ReplicaLoad): boolean {
  return concurrency > 0 && load.inFlight(replicaId) >= concurrency;
}

/**
 * The replica with the fewest requests under way, ties by id; full ones and those that were tried for this request
 * are out. Those that failed lately are taken only when nothing else is left, so that evidence can never empty a route.
 */
export function pickReplica(
  replicas: readonly Replica[],
  load: ReplicaLoad,
  tried: ReadonlySet<string>,
): Replica | undefined {
  const left = replicas.filter(
    (replica) => isReachable(replica) && !tried.has(replica.replicaId) && !isFull(replica, load),
  );
  const good = left.filter(({ replicaId }) => !load.isAvoided(replicaId));
  return [...(good.length > 0 ? good : left)].sort(
    (a, b) => load.inFlight(a.replicaId) - load.inFlight(b.replicaId) || (a.replicaId < b.replicaId ? -1 : 1),
  )[0];
}

function isReachable({ address }: Replica): boolean {
  return address !== undefined;
}
