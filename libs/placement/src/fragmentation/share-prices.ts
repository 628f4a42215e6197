import { packed, patternOf, WHOLE } from './knapsack.ts';

/** A share of an accelerator that is asked for: its size from 1 to 1000 thousandths, and how often. */
export interface Share {
  readonly size: number;
  readonly demand: number;
}

/** Patterns of equal value are told apart no finer: beyond it, floating point would go round in circles. */
const TOLERANCE = 1e-9;
/** Well above what is ever needed (about three patterns a size); prices are usable wherever it stops. */
const MOST_PATTERNS = 1000;

/**
 * What one share of each size costs, in accelerators, when accelerators are cut as well as can be: the dual prices of the
 * cutting-stock problem
 *
 *     min accelerators used, such that patterns (sets of shares that fit on one) cover the demand
 *
 * Intent: a share is worth the accelerator it keeps others from, not its size. Where 810 thousandths are asked for more
 * often than anything that fits beside them, 810 cost a whole accelerator and 160 cost nothing: put beside an 810 they
 * come for free, and a price above that would keep a hole open for them that an 810 needs.
 * Source: Gilmore and Gomory 1961, column generation with a knapsack; here with an explicit inverse of the basis.
 * Promise: no pattern costs more than one accelerator.
 */
export function sharePrices(shares: readonly Share[]): readonly number[] {
  const sizes = shares.map(({ size }) => size);
  const basis = new Basis(shares);
  let prices = basis.prices();
  let best = packed(sizes, prices);
  for (let round = 0; round < MOST_PATTERNS && best.value[WHOLE]! > 1 + TOLERANCE; round += 1) {
    basis.enter(patternOf(best, sizes));
    prices = basis.prices();
    best = packed(sizes, prices);
  }
  const most = Math.max(1, best.value[WHOLE]!);
  return prices.map((price) => Math.max(0, price) / most);
}

/** The patterns in use: as many as there are sizes. Starts with each size alone on its accelerators. */
class Basis {
  /** Row per pattern, column per size. */
  readonly #inverse: number[][];
  /** How often each pattern is used. */
  readonly #used: number[];

  constructor(shares: readonly Share[]) {
    const fits = shares.map(({ size }) => Math.floor(WHOLE / size));
    this.#inverse = fits.map((count, row) => fits.map((_, column) => (row === column ? 1 / count : 0)));
    this.#used = shares.map(({ demand }, at) => demand / fits[at]!);
  }

  /** Every pattern costs one accelerator. */
  prices(): number[] {
    return this.#used.map((_, column) => this.#inverse.reduce((sum, row) => sum + row[column]!, 0));
  }

  /** Takes a pattern in, for the one that is used up first. */
  enter(pattern: readonly number[]): void {
    const replaces = this.#inverse.map((row) => row.reduce((sum, each, at) => sum + each * pattern[at]!, 0));
    const leaving = this.#usedUpFirst(replaces);
    const pivot = replaces[leaving]!;
    const row = this.#inverse[leaving]!.map((each) => each / pivot);
    const used = this.#used[leaving]! / pivot;
    for (let at = 0; at < replaces.length; at += 1) {
      const factor = replaces[at]!;
      this.#inverse[at] = this.#inverse[at]!.map((each, column) => each - factor * row[column]!);
      this.#used[at]! -= factor * used;
    }
    this.#inverse[leaving] = row;
    this.#used[leaving] = used;
  }

  #usedUpFirst(replaces: readonly number[]): number {
    let first = -1;
    let least = Infinity;
    for (let at = 0; at < replaces.length; at += 1) {
      if (replaces[at]! <= TOLERANCE) continue;
      const lasts = this.#used[at]! / replaces[at]!;
      if (lasts >= least) continue;
      first = at;
      least = lasts;
    }
    return first;
  }
}
