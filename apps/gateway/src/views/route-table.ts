import { type Clock, compareGenerations } from '@ostro/kernel';
import { type Replica, replicasOf, type Route, type Target } from '../domain/route.ts';
import { RouteGuard } from '../domain/route-guard.ts';

export interface RouteTableOptions {
  readonly clock: Clock;
  /** A route keeps replicas that its owner has dropped, because too many were lost at once. */
  readonly onQuarantine: (route: Route) => void;
}

/** Routes by the name clients use, behind the guard against mass loss. */
export class RouteTable {
  readonly #options: RouteTableOptions;
  readonly #guard = new RouteGuard();
  readonly #byId = new Map<string, Route>();
  readonly #byName = new Map<string, Map<string, Route>>();
  readonly #quarantined = new Map<string, readonly Replica[]>();

  constructor(options: RouteTableOptions) {
    this.#options = options;
  }

  /** Routes of that name, whoever may see them. */
  named(name: string): readonly Route[] {
    return [...(this.#byName.get(name)?.values() ?? [])];
  }

  /** Replicas that serve these weights for a deployment, as of now: of any revision, so a roll-out strands nobody. */
  replicasOf(endpointId: string, wanted: Pick<Target, 'deploymentId' | 'modelDigest'>): readonly Replica[] {
    const targets = this.#byId.get(endpointId)?.targets ?? [];
    return targets
      .filter(({ deploymentId, modelDigest }) => {
        return deploymentId === wanted.deploymentId && modelDigest === wanted.modelDigest;
      })
      .flatMap(({ replicas }) => replicas);
  }

  all(): IterableIterator<Route> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Replicas that only the guard keeps. */
  get quarantinedReplicas(): readonly Replica[] {
    return [...this.#quarantined.values()].flat();
  }

  /** A change of the view; undefined: the record is gone. */
  apply(endpointId: string, next: Route | undefined): void {
    const previous = this.#byId.get(endpointId);
    // The topic is not the only way in which a route comes: what is older than the one known is late.
    if (previous && next && compareGenerations(next.generation, previous.generation) < 0) return;
    const facts = { routes: this.#byId.size, nowMs: this.#options.clock.monotonicMs() };
    const kept = this.#guard.quarantined(previous, next, facts);
    this.#quarantined.delete(endpointId);
    if (kept !== undefined) {
      const named = new Set((next ? replicasOf(next) : []).map(({ replicaId }) => replicaId));
      this.#quarantined.set(
        endpointId,
        replicasOf(kept).filter(({ replicaId }) => !named.has(replicaId)),
      );
      this.#options.onQuarantine(kept);
    }
    this.#replace(endpointId, previous, kept ?? next);
  }

  /** A kept replica turned out to be gone. */
  drop(replicaId: string): void {
    for (const [endpointId, replicas] of this.#quarantined) {
      if (!replicas.some((replica) => replica.replicaId === replicaId)) continue;
      this.#quarantined.set(
        endpointId,
        replicas.filter((replica) => replica.replicaId !== replicaId),
      );
      const route = this.#byId.get(endpointId)!;
      const targets = route.targets.map((target) => ({
        ...target,
        replicas: target.replicas.filter((replica) => replica.replicaId !== replicaId),
      }));
      this.#replace(endpointId, route, { ...route, targets });
    }
  }

  #replace(endpointId: string, previous: Route | undefined, next: Route | undefined): void {
    if (previous !== undefined && previous.name !== next?.name) this.#unname(previous);
    if (next === undefined || next.isDeleted) {
      this.#byId.delete(endpointId);
      if (previous !== undefined) this.#unname(previous);
      return;
    }
    this.#byId.set(endpointId, next);
    const named = this.#byName.get(next.name) ?? new Map<string, Route>();
    this.#byName.set(next.name, named.set(endpointId, next));
  }

  #unname({ name, endpointId }: Route): void {
    const named = this.#byName.get(name);
    named?.delete(endpointId);
    if (named?.size === 0) this.#byName.delete(name);
  }
}
