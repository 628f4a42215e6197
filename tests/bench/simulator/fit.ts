import type { Coefficients } from '@ostro/simulator';
import type { MeasuredRow } from './measured-rows.ts';
import { predict } from './predict.ts';

type Name = keyof Coefficients;

/** Sensible values; shares stay shares. */
const LIMITS: Readonly<Partial<Record<Name, readonly [number, number]>>> = {
  weightBandwidth: [0.05, 0.95],
  expertBandwidth: [0.05, 0.95],
  kvBandwidth: [0.05, 0.95],
  flops: [0.05, 0.95],
  expertFlops: [0.02, 0.95],
  attentionFlops: [0.05, 0.95],
  linkBandwidth: [0.05, 0.95],
  memoryShare: [0.7, 0.97],
};
const CONTINUOUS: readonly Name[] = [
  'iterationMs',
  'layerMs',
  'allReduceMs',
  'sequenceMs',
  'weightBandwidth',
  'expertBandwidth',
  'kvBandwidth',
  'flops',
  'expertFlops',
  'attentionFlops',
  'linkBandwidth',
  'requestMs',
  'requestMsPerThousandTokens',
  'prefillMs',
  'requestSerialMs',
  'tokenSerialMs',
  'memoryShare',
];
/** Settings of the measured servers that the rows do not tell. */
const CHOICES: readonly Partial<Coefficients>[] = [
  { kvElementBytes: 1 },
  { kvElementBytes: 2 },
  { tokenBudget: 2048 },
  { tokenBudget: 8192 },
  { tokenBudget: 16_384 },
  { tokenBudget: 32_768 },
  { reservedSequences: 0 },
  { reservedSequences: 1 },
];
/** A row can be wrong by a factor of 3.3 at most: some have faults of their own. */
const WORST = 1.2;

export interface FitOptions {
  /** What the rows leave open stays near these. */
  readonly prior: Coefficients;
  /** Price of moving a coefficient by a factor of e, in mean log error. */
  readonly priorWeight: number;
  /** Factors tried, as logarithms, from coarse to fine. */
  readonly steps: readonly number[];
}

/**
 * Coordinate search in logarithms for the least mean of |log(predicted / measured)| over TTFT and TPOT, with a price on
 * leaving the prior. The absolute error is what makes medians small and outliers harmless.
 */
export function fitCoefficients(rows: readonly MeasuredRow[], { prior, priorWeight, steps }: FitOptions): Coefficients {
  const loss = (tried: Coefficients): number =>
    mean(rows.map((row) => lossOf(row, tried))) + priorWeight * distance(tried, prior);
  let best = prior;
  let least = loss(best);
  const improves = (tried: Coefficients): boolean => {
    const found = loss(tried);
    if (found >= least - 1e-6) return false;
    best = tried;
    least = found;
    return true;
  };
  for (const step of steps) {
    for (const choice of CHOICES) improves({ ...best, ...choice });
    for (let pass = 0; pass < 2; pass++) {
      const before = least;
      for (const name of CONTINUOUS) {
        for (const sign of [1, -1]) while (improves(moved(best, name, sign * step)));
      }
      if (before - least < 0.002) break;
    }
  }
  return best;
}

function lossOf(row: MeasuredRow, coefficients: Coefficients): number {
  const { ttftMs, tpotMs } = predict(row, coefficients);
  return off(ttftMs, row.ttftMs) + off(tpotMs, row.tpotMs);
}

function off(predicted: number, measured: number): number {
  return Math.min(WORST, Math.abs(Math.log(predicted / measured)));
}

function moved(from: Coefficients, name: Name, step: number): Coefficients {
  const [least, most] = LIMITS[name] ?? [1e-6, 1e6];
  const factor = Math.exp(name === 'memoryShare' ? step / 10 : step);
  return { ...from, [name]: Math.min(most, Math.max(least, from[name] * factor)) };
}

function distance(a: Coefficients, b: Coefficients): number {
  return CONTINUOUS.reduce((sum, name) => sum + Math.abs(Math.log(a[name] / b[name])), 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
