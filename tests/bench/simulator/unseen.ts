import { defaultsOf, modelsOf } from './calibrate.ts';
import { byModel, type Errors, errorsOf, type RowErrors, summaryOf } from './errors.ts';
import type { MeasuredRow } from './measured-rows.ts';

export interface Unseen extends Errors {
  readonly byModel: Readonly<Record<string, Errors>>;
}

/** Fewer than for the defaults that are kept, since there is a fit for every engine and model. */
const ROWS_OF_EACH = 6;

/** Each model predicted by what the engine's other models were fitted to: no row of its own, under any of its names. */
export function unseenErrors(rows: readonly MeasuredRow[], say: (line: string) => void): Unseen {
  const errors: RowErrors[] = [];
  for (const engine of ['vllm', 'sglang', 'trtllm']) {
    const own = rows.filter(({ spec }) => spec.engine === engine);
    for (const family of [...new Set(modelsOf(own).map(familyOf))]) {
      const coefficients = defaultsOf(
        own.filter(({ model }) => familyOf(model) !== family),
        ROWS_OF_EACH,
      );
      errors.push(...own.filter(({ model }) => familyOf(model) === family).map((row) => errorsOf(row, coefficients)));
      say(`${engine} without ${family}`);
    }
  }
  return { ...summaryOf(errors), byModel: byModel(errors) };
}

function familyOf(model: string): string {
  return model.startsWith('DeepSeek') ? 'DeepSeek' : model;
}
