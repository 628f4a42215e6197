import type { Coefficients } from '@ostro/simulator';
import { fitCoefficients } from './fit.ts';
import type { MeasuredRow } from './measured-rows.ts';

/** Where every search starts: data sheets as engines commonly reach them. Not fitted. */
export const GUESS: Coefficients = {
  iterationMs: 2,
  layerMs: 0.02,
  allReduceMs: 0.008,
  sequenceMs: 0.01,
  weightBandwidth: 0.75,
  expertBandwidth: 0.6,
  kvBandwidth: 0.6,
  flops: 0.55,
  expertFlops: 0.35,
  attentionFlops: 0.4,
  linkBandwidth: 0.5,
  requestMs: 20,
  requestMsPerThousandTokens: 2,
  requestSerialMs: 0.3,
  tokenSerialMs: 0.03,
  prefillMs: 3,
  memoryShare: 0.88,
  tokenBudget: 8192,
  reservedSequences: 0,
  kvElementBytes: 2,
};

const ENGINES = ['vllm', 'sglang', 'trtllm'];
/** So that no model decides the defaults by the number of its rows. */
const ROWS_PER_MODEL = 14;
const COARSE = [0.5, 0.25, 0.1];
const FINE = [0.4, 0.2, 0.1, 0.05, 0.025];
const PRIOR_WEIGHT = 0.004;

export interface Calibration {
  readonly defaults: Readonly<Record<string, Coefficients>>;
  readonly fitted: Readonly<Record<string, Coefficients>>;
}

/** Defaults of each engine over all its models, then a set for each (engine, model) that leaves them no further than its rows ask. */
export function calibrate(rows: readonly MeasuredRow[], say: (line: string) => void): Calibration {
  const defaults: Record<string, Coefficients> = {};
  const fitted: Record<string, Coefficients> = {};
  for (const engine of ENGINES) {
    const own = rows.filter(({ spec }) => spec.engine === engine);
    defaults[engine] = defaultsOf(own);
    say(`${engine}: defaults from ${own.length} configurations`);
    for (const model of modelsOf(own)) {
      const those = own.filter((row) => row.model === model);
      fitted[`${engine}/${model}`] = fitCoefficients(those, {
        prior: defaults[engine],
        priorWeight: PRIOR_WEIGHT,
        steps: FINE,
      });
      say(`${engine}/${model}: ${those.length} configurations`);
    }
  }
  return { defaults, fitted };
}

export function defaultsOf(rows: readonly MeasuredRow[]): Coefficients {
  const balanced = modelsOf(rows).flatMap((model) => spreadOver(rows.filter((row) => row.model === model)));
  return fitCoefficients(balanced, { prior: GUESS, priorWeight: PRIOR_WEIGHT, steps: COARSE });
}

export function modelsOf(rows: readonly MeasuredRow[]): readonly string[] {
  return [...new Set(rows.map(({ model }) => model))].sort();
}

function spreadOver(rows: readonly MeasuredRow[]): readonly MeasuredRow[] {
  const every = Math.max(1, rows.length / ROWS_PER_MODEL);
  return Array.from({ length: Math.min(rows.length, ROWS_PER_MODEL) }, (_, at) => rows[Math.floor(at * every)]!);
}
