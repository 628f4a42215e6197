import type { DemandMix } from './demand-mix.ts';
import { holeValues } from './hole-values.ts';
import { WHOLE } from './knapsack.ts';
import { type Ask, Usable } from './usable.ts';

/** What the demand makes of accelerators with so much memory. */
export interface KindTables {
  /** Worth of each hole from 0 to 1000 thousandths. */
  readonly holes: Float64Array;
  readonly usable: Usable;
  /** Thousandths of a core that go with a thousandth of an accelerator, in the mean over what is asked for. */
  readonly cpuPerMilli: number;
}

/** The most frequent: more change nothing that matters, and each costs time at every candidate. */
const MOST_ASKS = 64;

/** @param memoryBytes of one accelerator; what needs more is not asked of it. */
export function kindTables(mix: DemandMix, memoryBytes: number): KindTables {
  const asks = asksOf(mix, memoryBytes);
  const shares = asks.filter(({ count, size }) => count === 1 && size < WHOLE);
  let cpu = 0;
  let milli = 0;
  for (const { count, size, cpuMilli, weight } of asks) {
    cpu += weight * cpuMilli;
    milli += weight * count * size;
  }
  return {
    holes: holeValues(shares.map(({ size, weight }) => ({ size, demand: weight }))),
    usable: new Usable(asks.slice(0, MOST_ASKS)),
    cpuPerMilli: milli === 0 ? 0 : cpu / milli,
  };
}

/** Most frequent first. Models are left out: what they exclude is priced, see `modelPrices`. */
function asksOf(mix: DemandMix, memoryBytes: number): readonly Ask[] {
  const known = new Map<string, Ask>();
  let arrivals = 0;
  for (const { count, memoryBytesEach, exclusive, cpuMilli, arrivals: weight } of mix) {
    const size = exclusive ? WHOLE : Math.ceil((memoryBytesEach * WHOLE) / memoryBytes);
    if (count === 0 || size > WHOLE) continue;
    arrivals += weight;
    const key = `${count} ${size} ${cpuMilli}`;
    known.set(key, { count, size, cpuMilli, weight: weight + (known.get(key)?.weight ?? 0) });
  }
  return [...known.values()]
    .map((ask) => ({ ...ask, weight: ask.weight / arrivals }))
    .sort((a, b) => b.weight - a.weight);
}
