import { WHOLE } from './knapsack.ts';

/** A kind of request as one kind of accelerator sees it. */
export interface Ask {
  readonly count: number;
  /** Of each accelerator, from 1 to 1000 thousandths. */
  readonly size: number;
  readonly cpuMilli: number;
  /** Share of all requests for accelerators. */
  readonly weight: number;
}

/** Requests for equal accelerators: they differ in cores alone. */
interface Group {
  readonly count: number;
  readonly size: number;
  readonly weight: number;
  readonly weights: readonly number[];
  /** Thousandths of accelerators taken per thousandth of a core, for each of `weights`. */
  readonly perCpu: readonly number[];
  readonly leastPerCpu: number;
}

/** For a request without cores: more than any node's cores can be worth. */
const NO_LIMIT = 1e9;

/**
 * How many free thousandths of a node's accelerators the requests to come can use:
 *
 *     usable = sum over kinds m of weight(m) x min(free accelerator that fits m, what m takes while the free cores last)
 *
 * where an accelerator fits m when its hole is as large as m's share, and none does when fewer fit than m needs.
 * Intent: accelerators are stranded by holes too small, by groups too large and by cores used up. Source: the usable part
 * of FGD (Weng et al., USENIX ATC'23), capped by cores as a fraction instead of all or nothing, so that it also says
 * which of two nodes is nearer to running out of cores. Which models m allows is priced by `modelPrices`.
 */
export class Usable {
  /** Larger sizes first. */
  readonly #groups: readonly Group[];
  /** For each hole from 0 to 1000: the first group whose share fits. */
  readonly #firstFitting: Uint8Array;
  /** Scratch: what each group adds to those before it. */
  readonly #fitting: Int32Array;
  readonly #milli: Int32Array;

  constructor(asks: readonly Ask[]) {
    const byGroup = new Map<string, Ask[]>();
    for (const ask of asks) {
      const key = `${ask.count} ${ask.size}`;
      const group = byGroup.get(key);
      if (group === undefined) byGroup.set(key, [ask]);
      else group.push(ask);
    }
    this.#groups = [...byGroup.values()].map(groupOf).sort((a, b) => b.size - a.size || a.count - b.count);
    this.#firstFitting = Uint8Array.from({ length: WHOLE + 1 }, (_, hole) => {
      const first = this.#groups.findIndex(({ size }) => size <= hole);
      return first < 0 ? this.#groups.length : first;
    });
    this.#fitting = new Int32Array(this.#groups.length + 1);
    this.#milli = new Int32Array(this.#groups.length + 1);
  }

  /** In thousandths of accelerators. `free` holds the free thousandths of each. */
  of(free: readonly number[], cpuMilli: number): number {
    const [groups, fittingAt, milliAt] = [this.#groups, this.#fitting.fill(0), this.#milli.fill(0)];
    for (const hole of free) {
      const first = this.#firstFitting[hole]!;
      fittingAt[first]! += 1;
      milliAt[first]! += hole;
    }
    let [usable, fitting, milli] = [0, 0, 0];
    for (let at = 0; at < groups.length; at += 1) {
      fitting += fittingAt[at]!;
      milli += milliAt[at]!;
      if (fitting >= groups[at]!.count) usable += capped(groups[at]!, milli, cpuMilli);
    }
    return usable;
  }
}

function groupOf(asks: readonly Ask[]): Group {
  const { count, size } = asks[0]!;
  const perCpu = asks.map(({ cpuMilli }) => (cpuMilli === 0 ? NO_LIMIT : (count * size) / cpuMilli));
  const weights = asks.map(({ weight }) => weight);
  const weight = weights.reduce((sum, each) => sum + each, 0);
  return { count, size, weight, weights, perCpu, leastPerCpu: Math.min(...perCpu) };
}

function capped({ weight, weights, perCpu, leastPerCpu }: Group, milli: number, cpuMilli: number): number {
  if (milli <= cpuMilli * leastPerCpu) return weight * milli;
  let usable = 0;
  for (let at = 0; at < weights.length; at += 1) usable += weights[at]! * Math.min(milli, cpuMilli * perCpu[at]!);
  return usable;
}
