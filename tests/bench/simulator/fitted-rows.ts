import type { MeasuredRow } from './measured-rows.ts';

/** FNV-1a with a last mix: which rows are fitted depends on nothing but what they measure. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d) >>> 0;
  return (hash ^ (hash >>> 12)) >>> 0;
}

/** Two thirds of the configurations are fitted, the rest is held out; by configuration, since some stand there twice. */
export function isForFitting({ key }: MeasuredRow): boolean {
  return hashOf(key) % 3 !== 0;
}

/** One row of each configuration and name. */
export function distinct(rows: readonly MeasuredRow[]): readonly MeasuredRow[] {
  const seen = new Map<string, MeasuredRow>();
  for (const row of rows) {
    const key = `${row.model} ${row.key}`;
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}
