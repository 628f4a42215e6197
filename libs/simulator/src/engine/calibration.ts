import { COLUMNS, DEFAULTS, FITTED } from './coefficients.data.ts';
import type { Coefficients } from './coefficients.ts';

/** Fitted to this very engine and model if it was measured, else what fits the engine's other models best. */
export function coefficientsFor(engine: string, model: string): Coefficients {
  const values = FITTED[`${engine}/${model}`] ?? DEFAULTS[engine]!;
  return Object.fromEntries(COLUMNS.map((column, at) => [column, values[at]])) as unknown as Coefficients;
}
