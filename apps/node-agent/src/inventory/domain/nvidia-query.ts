import type { Gpu } from './gpu.ts';

export const QUERY_FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'driver_version',
  'mig.mode.current',
] as const;

/** "[N/A]", "[Not Supported]", "[Unknown Error]", "[GPU is lost]" and what else newer drivers put into brackets. */
const NO_VALUE = /^\[.*\]$|^N\/A$/;
const MIB = 1024 * 1024;

/** Rows of `nvidia-smi --query-gpu=... --format=csv`, by field; units are taken off, cells without a value left out. */
export function parseQueryTable(text: string): ReadonlyMap<string, string>[] {
  const [head = '', ...rows] = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const fields = head.split(',').map((cell) => {
    const [, name = '', unit = ''] = /^\s*([^[\]]*?)\s*(?:\[(.*)\])?\s*$/.exec(cell) ?? [];
    return { name, unit };
  });
  return rows.map((row) => {
    const cells = row.split(',').map((cell) => cell.trim());
    const known = fields.flatMap(({ name, unit }, at): [string, string][] => {
      const cell = cells[at];
      if (cell === undefined || NO_VALUE.test(cell)) return [];
      return [[name, unit && cell.endsWith(unit) ? cell.slice(0, -unit.length).trim() : cell]];
    });
    return new Map(known);
  });
}

/** GPUs of the node. One whose memory or identity the driver cannot tell is lost: reported, never offered. */
export function parseGpus(text: string): Gpu[] {
  return parseQueryTable(text).map((row, at) => {
    const number = (field: string): number => Number(row.get(field) ?? NaN);
    const total = number('memory.total');
    const uuid = row.get('uuid') ?? '';
    return {
      index: row.has('index') ? number('index') : at,
      uuid,
      name: row.get('name') ?? 'unknown',
      memoryTotalBytes: bytes(total),
      memoryUsedBytes: bytes(number('memory.used')),
      driverVersion: row.get('driver_version') ?? '',
      isMigEnabled: row.get('mig.mode.current') === 'Enabled',
      isLost: uuid === '' || Number.isNaN(total),
    };
  });
}

/** The field an older driver does not know, from its complaint: one such field fails the whole query. */
export function unknownField(complaint: string): string | undefined {
  return /Field "([\w.]+)" is not a valid field/.exec(complaint)?.[1];
}

function bytes(mebibytes: number): number {
  return Number.isNaN(mebibytes) ? 0 : mebibytes * MIB;
}
