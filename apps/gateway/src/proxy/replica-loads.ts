import type { Clock } from '@ostro/kernel';
import type { Replica } from '../domain/route.ts';

/** What this gateway sees of replicas itself: what it has under way there, and which ones failed it lately. */
export class ReplicaLoads {
  readonly #clock: Clock;
  readonly #inFlight = new Map<string, number>();
  readonly #avoidedUntilMs = new Map<string, number>();
  #onChange: (replicaId: string) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called with each replica of which something else is now true. */
  onChange(listener: (replicaId: string) => void): void {
    this.#onChange = listener;
  }

  inFlight(replicaId: string): number {
    return this.#inFlight.get(replicaId) ?? 0;
  }

  /** Whether this gateway alone already fills a replica; 0 means that its limit is not known. */
  isFull({ replicaId, concurrency }: Pick<Replica, 'replicaId' | 'concurrency'>): boolean {
    return concurrency > 0 && this.inFlight(replicaId) >= concurrency;
  }

  get total(): number {
    return [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  begin(replicaId: string): void {
    this.#inFlight.set(replicaId, this.inFlight(replicaId) + 1);
    this.#onChange(replicaId);
  }

  end(replicaId: string): void {
    const left = this.inFlight(replicaId) - 1;
    if (left > 0) this.#inFlight.set(replicaId, left);
    else this.#inFlight.delete(replicaId);
    this.#onChange(replicaId);
  }

  isAvoided(replicaId: string): boolean {
    return this.#avoidedUntilMs.has(replicaId);
  }

  /** Others are preferred for so long. */
  avoid(replicaId: string, forMs: number): void {
    this.#avoidedUntilMs.set(replicaId, this.#clock.monotonicMs() + forMs);
    this.#onChange(replicaId);
  }

  /** Forgets what was long enough ago. @returns the replicas that are no longer avoided. */
  endedAvoidance(): readonly string[] {
    if (this.#avoidedUntilMs.size === 0) return [];
    const now = this.#clock.monotonicMs();
    const ended = [...this.#avoidedUntilMs].filter(([, untilMs]) => untilMs <= now).map(([replicaId]) => replicaId);
    for (const replicaId of ended) this.#avoidedUntilMs.delete(replicaId);
    return ended;
  }
}
