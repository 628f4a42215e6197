import { type Coefficients, engineFactory, runClosedLoop } from '@ostro/simulator';
import type { MeasuredRow } from './measured-rows.ts';

export interface Prediction {
  readonly ttftMs: number;
  readonly tpotMs: number;
}

/** Requests for each client: what the benchmarks behind the rows send. */
const ROUNDS = 10;
const PREFIX_BLOCK_TOKENS = 512;
const SEED = 1;
const NOT_POSSIBLE: Prediction = { ttftMs: 1e6, tpotMs: 1e4 };
/** The pairs of lengths of the benchmark that draws them between 80 and 100 % of the nominal ones. */
const VARIED = ['1024x1024', '1024x8192', '8192x1024'];
/** The others name the mean; without any spread all clients would stay in step for ever. */
const NAMED: readonly [number, number] = [0.9, 1.1];

/** What the simulator says of a measured operating point: the same closed loop, on the modelled engine. */
export function predict(row: MeasuredRow, coefficients?: Coefficients): Prediction {
  const { spec, inputTokens, outputTokens, concurrency } = row;
  const shares = VARIED.includes(`${inputTokens}x${outputTokens}`) ? ([0.8, 1] as const) : NAMED;
  try {
    const { create } = engineFactory(
      coefficients === undefined ? spec : { ...spec, coefficients },
      PREFIX_BLOCK_TOKENS,
    );
    const { meanTtftMs, meanTpotMs } = runClosedLoop(create(), {
      clients: concurrency,
      requests: concurrency * ROUNDS,
      inputTokens,
      outputTokens,
      shares,
      seed: SEED,
    });
    return { ttftMs: meanTtftMs, tpotMs: meanTpotMs };
  } catch (error) {
    if (isTooSmall(error)) return NOT_POSSIBLE;
    throw error;
  }
}

/** The memory that these coefficients leave does not hold the model or one request: as wrong as can be. */
function isTooSmall(error: unknown): boolean {
  const reason = (error as { reason?: string }).reason;
  return reason === 'MODEL_DOES_NOT_FIT' || reason === 'REQUEST_TOO_LONG';
}
