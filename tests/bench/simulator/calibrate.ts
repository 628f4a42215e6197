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
/** So that no model decides the defaults by the number of its rows, and none takes for ever. */
const ROWS_FOR_DEFAULTS = 12;
const ROWS_OF_MODEL = 48;

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
      fitted[`${engine}/${model}`] = fitCoefficients(spreadOver(those, ROWS_OF_MODEL), {
        prior: defaults[engine],
        coarse: [0.4, 0.2],
        fine: [0.1, 0.05, 0.025],
      });
      say(`${engine}/${model}: ${those.length} configurations`);
    }
  }
  return { defaults, fitted };
}

/** One set for all models of an engine. `rowsOfEach`: of each model, spread over its rows. */
export function defaultsOf(rows: readonly MeasuredRow[], rowsOfEach = ROWS_FOR_DEFAULTS): Coefficients {
  const balanced = modelsOf(rows).flatMap((model) =>
    spreadOver(
      rows.filter((row) => row.model === model),
      rowsOfEach,
    ),
  );
  return fitCoefficients(balanced, { prior: GUESS, coarse: [0.4], fine: [0.2, 0.1] });
}

export function modelsOf(rows: readonly MeasuredRow[]): readonly string[] {
  return [...new Set(rows.map(({ model }) => model))].sort();
}

function spreadOver(rows: readonly MeasuredRow[], most: number): readonly MeasuredRow[] {
  const every = Math.max(1, rows.length / most);
  return Array.from({ length: Math.min(rows.length, most) }, (_, at) => rows[Math.floor(at * every)]!);
}
