import { compareIds } from '../amounts.ts';
import type { RequestShape } from '../request.ts';

/** One kind of request: what it asks of accelerators and cores, and how many such requests have arrived. */
export interface Demand {
  /** In order, each once; empty = any. */
  readonly models: readonly string[];
  readonly count: number;
  readonly memoryBytesEach: number;
  readonly exclusive: boolean;
  readonly cpuMilli: number;
  readonly arrivals: number;
}

/** Which requests to expect, most frequent first: the mix of those that have arrived. */
export type DemandMix = readonly Demand[];

/** What is assumed before anything has arrived: that groups of whole accelerators, which break easily, are asked for. */
export const PRIOR_DEMAND: DemandMix = [1, 2, 4, 8].map((count) => ({
  models: [],
  count,
  memoryBytesEach: 1,
  exclusive: true,
  cpuMilli: 0,
  arrivals: 1,
}));

const FIRST_MIX_AT = 16;
const GROWTH = 4;
/** Past it half of the past is forgotten, so that a mix is never older than it is wide. */
const MOST_ARRIVALS = 2 ** 16;
const MOST_KINDS = 4096;

/**
 * Counts requests as they arrive, each once, whether it finds a place or not. A new mix is worth judging the cluster anew
 * only when much has been learned, so there is one after 1, 16, 64, 256 ... arrivals, and from 2^16 on every 2^15.
 * Memory is bounded: counts are halved, and kinds seen once are forgotten, when there are too many of either.
 */
export class DemandEstimator {
  #kinds = new Map<string, Demand>();
  #arrivals = 0;
  #nextAt = 1;

  /** The mix so far when it is time for a new valuation; undefined most of the time. */
  observe({ accelerator, cpuMilli }: Pick<RequestShape, 'accelerator' | 'cpuMilli'>): DemandMix | undefined {
    const { count, memoryBytesEach, exclusive } = accelerator;
    const models = [...new Set(accelerator.models)].sort(compareIds);
    const key = JSON.stringify([models, count, memoryBytesEach, exclusive, cpuMilli]);
    const arrivals = (this.#kinds.get(key)?.arrivals ?? 0) + 1;
    this.#kinds.set(key, { models, count, memoryBytesEach, exclusive, cpuMilli, arrivals });
    this.#arrivals += 1;
    if (this.#kinds.size > MOST_KINDS) this.#age();
    if (this.#arrivals < this.#nextAt) return undefined;
    if (this.#arrivals >= MOST_ARRIVALS) this.#age();
    this.#nextAt = Math.min(MOST_ARRIVALS, Math.max(FIRST_MIX_AT, GROWTH * this.#arrivals));
    return this.mix();
  }

  /** What has arrived so far, beside what is assumed at the start. */
  mix(): DemandMix {
    const kinds = [...this.#kinds].sort(
      ([a, { arrivals }], [b, { arrivals: others }]) => others - arrivals || compareIds(a, b),
    );
    return [...kinds.map(([, demand]) => demand), ...PRIOR_DEMAND];
  }

  #age(): void {
    const halved = [...this.#kinds].map(
      ([key, demand]) => [key, { ...demand, arrivals: Math.floor(demand.arrivals / 2) }] as const,
    );
    this.#kinds = new Map(halved.filter(([, { arrivals }]) => arrivals > 0));
    this.#arrivals = [...this.#kinds.values()].reduce((sum, { arrivals }) => sum + arrivals, 0);
  }
}
