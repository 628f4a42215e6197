import type { Summary } from '../report.ts';

/** Values are counted to a microsecond and in 128 steps of each power of two: within 0.8 % of the truth. */
const UNITS_PER_MS = 1000;
const STEPS = 128;
const STEP_BITS = 7;

/**
 * Percentiles of any number of values in bounded memory (the layout of HdrHistogram). The place of a value comes from
 * halving, so no logarithm decides anything.
 */
export class Histogram {
  readonly #counts: number[] = [];
  #count = 0;
  #sum = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  add(valueMs: number): void {
    const units = Math.max(0, Math.round(valueMs * UNITS_PER_MS));
    const bucket = bucketOf(units);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += valueMs;
    this.#max = Math.max(this.#max, valueMs);
  }

  /** The value below or at which so many thousandths of all lie; null while there is none. */
  percentile(milli: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil((this.#count * milli) / 1000));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(middleOf(bucket) / UNITS_PER_MS, this.#max);
    }
    return this.#max;
  }

  summary(): Summary {
    const at = (milli: number): number => rounded(this.percentile(milli) ?? 0);
    const mean = this.#count === 0 ? 0 : rounded(this.#sum / this.#count);
    return { count: this.#count, mean, p50: at(500), p95: at(950), p99: at(990), max: rounded(this.#max) };
  }
}

/** To a thousandth: what a report says, and no more. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function bucketOf(units: number): number {
  let exponent = 0;
  let mantissa = units;
  while (mantissa >= 2 * STEPS) {
    mantissa = Math.floor(mantissa / 2);
    exponent += 1;
  }
  return mantissa < STEPS && exponent === 0 ? mantissa : (exponent << STEP_BITS) + mantissa;
}

function middleOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const exponent = (bucket >> STEP_BITS) - 1;
  const mantissa = bucket - (exponent << STEP_BITS);
  const width = 2 ** exponent;
  return mantissa * width + (width - 1) / 2;
}
