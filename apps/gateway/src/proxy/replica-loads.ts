import type { Clock } from '@ostro/kernel';
import type { ReplicaLoad } from '../domain/pick-replica.ts';

/** What this gateway sees of replicas itself: what it has under way there, and which ones failed it lately. */
export class ReplicaLoads implements ReplicaLoad {
  readonly #clock: Clock;
  readonly #inFlight = new Map<string, number>();
  readonly #avoidedUntilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  inFlight(replicaId: string): number {
    return this.#inFlight.get(replicaId) ?? 0;
  }

  get total(): number {
    return [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  begin(replicaId: string): void {
    this.#inFlight.set(replicaId, this.inFlight(replicaId) + 1);
  }

  end(replicaId: string): void {
    const left = this.inFlight(replicaId) - 1;
    if (left > 0) this.#inFlight.set(replicaId, left);
    else this.#inFlight.delete(replicaId);
  }

  isAvoided(replicaId: string): boolean {
    const untilMs = this.#avoidedUntilMs.get(replicaId);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonicMs() < untilMs) return true;
    this.#avoidedUntilMs.delete(replicaId);
    return false;
  }

  /** Others are preferred for so long. */
  avoid(replicaId: string, forMs: number): void {
    this.#avoidedUntilMs.set(replicaId, this.#clock.monotonicMs() + forMs);
  }
}
