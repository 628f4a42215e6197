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
  { tokenBudget: 2048 },
  { tokenBudget: 8192 },
  { tokenBudget: 16_384 },
  { tokenBudget: 32_768 },
  { reservedSequences: 0 },
  { reservedSequences: 1 },
];
/** This one is tried from the start: what it does to the memory, the other coefficients would hide. */
const KV_ELEMENT_BYTES = [1, 2];
/** A row can be wrong by a factor of 3.3 at most: some have faults of their own. */
const WORST = 1.2;

export interface FitOptions {
  /** What the rows leave open stays near these. */
  readonly prior: Coefficients;
  /** Factors tried, as logarithms: coarse ones for each size of a cached element, fine ones for the better of them. */
  readonly coarse: readonly number[];
  readonly fine: readonly number[];
}

/** Price of moving a coefficient by a factor of e, in mean log error. */
const PRIOR_WEIGHT = 0.004;

interface Found {
  readonly coefficients: Coefficients;
  readonly loss: number;
}

/**
 * Coordinate search in logarithms for the least mean of |log(predicted / measured)| over TTFT and TPOT, with a price on
 * leaving the prior. The absolute error is what makes medians small and outliers harmless.
 */
export function fitCoefficients(rows: readonly MeasuredRow[], { prior, coarse, fine }: FitOptions): Coefficients {
  const better = KV_ELEMENT_BYTES.map((kvElementBytes) =>
    search(rows, prior, { ...prior, kvElementBytes }, coarse),
  ).reduce((best, each) => (each.loss < best.loss ? each : best));
  return search(rows, prior, better.coefficients, fine).coefficients;
}

function search(
  rows: readonly MeasuredRow[],
  prior: Coefficients,
  start: Coefficients,
  steps: readonly number[],
): Found {
  let coefficients = start;
  let loss = lossOf(rows, start, prior, Infinity);
  const improves = (tried: Coefficients): boolean => {
    const found = lossOf(rows, tried, prior, loss - 1e-6);
    if (found >= loss - 1e-6) return false;
    coefficients = tried;
    loss = found;
    return true;
  };
  for (const step of steps) {
    for (const choice of CHOICES) improves({ ...coefficients, ...choice });
    for (const name of CONTINUOUS) {
      for (const sign of [1, -1]) while (improves(moved(coefficients, name, sign * step)));
    }
  }
  return { coefficients, loss };
}

/** Infinity as soon as it is sure to reach `limit`: most tries are worse, and that shows early. */
function lossOf(rows: readonly MeasuredRow[], tried: Coefficients, prior: Coefficients, limit: number): number {
  let loss = PRIOR_WEIGHT * distance(tried, prior);
  for (const row of rows) {
    if (loss >= limit) return Infinity;
    const { ttftMs, tpotMs } = predict(row, tried);
    loss += (off(ttftMs, row.ttftMs) + off(tpotMs, row.tpotMs)) / rows.length;
  }
  return loss;
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
