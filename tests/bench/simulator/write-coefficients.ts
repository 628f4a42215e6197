import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Coefficients } from '@ostro/simulator';
import { type Calibration, GUESS } from './calibrate.ts';
import { hashOf } from './fitted-rows.ts';
import type { MeasuredRow } from './measured-rows.ts';

const TABLE = fileURLToPath(new URL('../../../libs/simulator/src/engine/coefficients.data.ts', import.meta.url));

/** Rewrites the library's table; the formatter puts it into lines. */
export async function writeCoefficients(
  { defaults, fitted }: Calibration,
  rows: readonly MeasuredRow[],
): Promise<void> {
  const hashes = [...new Set(rows.map(({ key }) => hashOf(key)))].sort((a, b) => a - b);
  const text = `/*
 * Written by \`npm run bench:simulator -- --fit\`, from ${hashes.length} configurations of measured rows (vLLM, SGLang and
 * TensorRT-LLM on H100 and H200, aiconfigurator 0.12, Apache-2.0). Do not edit: measure and fit again.
 */

export const COLUMNS = ${JSON.stringify(Object.keys(GUESS))} as const;

/** By engine: for models that were not measured on it. */
export const DEFAULTS: Readonly<Record<string, readonly number[]>> = ${sets(defaults)};

/** By engine and model. */
export const FITTED: Readonly<Record<string, readonly number[]>> = ${sets(fitted)};

/** Hashes of the configurations that were fitted, so that errors are reported on others. */
export const FITTED_ON: readonly number[] = [
${lines(hashes)}
];
`;
  await writeFile(TABLE, text);
}

function sets(of: Readonly<Record<string, Coefficients>>): string {
  const names = Object.keys(GUESS) as (keyof Coefficients)[];
  const entries = Object.entries(of).map(
    ([name, coefficients]) => `  '${name}': [${names.map((column) => short(coefficients[column])).join(', ')}],`,
  );
  return `{\n${entries.join('\n')}\n}`;
}

function short(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

function lines(hashes: readonly number[]): string {
  const perLine = 9;
  const rows = Array.from({ length: Math.ceil(hashes.length / perLine) }, (_, at) =>
    hashes.slice(at * perLine, (at + 1) * perLine).join(', '),
  );
  return rows.map((row) => `  ${row},`).join('\n');
}
