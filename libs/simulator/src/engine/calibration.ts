import { DEFAULTS, FITTED } from './coefficients.data.ts';
import type { Coefficients } from './coefficients.ts';

/** Measured on this very engine and model if possible, else what fits the engine's other models best. */
export function coefficientsFor(engine: string, model: string): Coefficients {
  return FITTED[`${engine}/${model}`] ?? DEFAULTS[engine]!;
}
