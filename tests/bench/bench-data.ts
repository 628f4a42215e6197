import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where the command was typed: npm runs scripts at the root. */
const CALLERS_DIRECTORY = process.env['INIT_CWD'] ?? process.cwd();

/**
 * The path of a measured trace: as given when it exists (relative to where the command was typed), else below
 * `OSTRO_DATA`, else below `../shared/data`. Traces are read in place, since their licences differ.
 * @throws Error naming every place that was looked at.
 */
export function dataFile(name: string): string {
  const places = [
    resolve(CALLERS_DIRECTORY, name),
    resolve(name),
    resolve(process.env['OSTRO_DATA'] ?? '../shared/data', name),
  ];
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isDirectory() === false);
  if (found !== undefined) return found;
  throw new Error(`no trace "${name}": looked for ${[...new Set(places)].join(', ')}; set OSTRO_DATA to its folder`);
}
