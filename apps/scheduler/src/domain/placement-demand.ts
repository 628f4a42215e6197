import {
  type ClusterSnapshot,
  DemandEstimator,
  type DemandMix,
  placeableAccelerators,
  type Valuation,
  valuationOf,
} from '@ostro/placement';
import type { Need } from './placement-request.ts';

/**
 * Which replicas to expect, from those that were asked for, so that placement knows what free capacity is worth. Each
 * process counts what it decides, and begins with the newest replicas in the database, whoever decided about them.
 */
export class PlacementDemand {
  readonly #estimator = new DemandEstimator();
  #mix: DemandMix = this.#estimator.mix();
  #valued: { readonly mix: DemandMix; readonly capacity: string; readonly valuation: Valuation } | undefined;

  /** Takes in what was asked for before this process began: once, before its first decision. */
  restore(needs: readonly Need[]): void {
    for (const need of needs) this.#estimator.observe(need);
    this.#mix = this.#estimator.mix();
  }

  /** Counts a replica: once, however often it is decided about. */
  observe(need: Need): void {
    this.#mix = this.#estimator.observe(need) ?? this.#mix;
  }

  /** What is expected now: another object whenever enough was learned, and the same one until then. */
  get mix(): DemandMix {
    return this.#mix;
  }

  /**
   * The cluster judged by what is expected. It follows from the mix and the snapshot alone, so that a replay that has
   * both gets the same; it is made again only when the mix or the accelerators of the cluster are others, because its
   * tables take up to 0.1 s.
   */
  appraise(snapshot: ClusterSnapshot): ClusterSnapshot {
    const { nodes } = snapshot;
    const mix = this.#mix;
    const capacity = capacityKey(snapshot);
    if (this.#valued?.mix !== mix || this.#valued.capacity !== capacity) {
      this.#valued = { mix, capacity, valuation: valuationOf(nodes, mix) };
    }
    return snapshot.withValuation(this.#valued.valuation);
  }
}

/** Equal for clusters with the same accelerators, whatever is free of them. */
function capacityKey({ nodes }: ClusterSnapshot): string {
  const counts = new Map<string, number>();
  for (const { model, memoryBytes } of nodes.flatMap(placeableAccelerators)) {
    const kind = `${model} ${memoryBytes}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return JSON.stringify([...counts].sort());
}
