/** A column: its head, and what a row shows there. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => string | number;
  /** Numbers stand at the right, under each other. */
  readonly alignRight?: boolean;
}

const GAP = '  ';

/** Rows under heads, aligned; nothing is cut, so that names can be copied. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string[] {
  const lines = [columns.map(({ head }) => head.toUpperCase()), ...rows.map((row) => cells(row, columns))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  return lines.map((line) =>
    line
      .map((cell, index) => (columns[index]!.alignRight ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join(GAP)
      .trimEnd(),
  );
}

function cells<T>(row: T, columns: readonly Column<T>[]): string[] {
  return columns.map(({ cell }) => {
    const shown = String(cell(row));
    return shown === '' ? '-' : shown;
  });
}

/** Names and values under each other; what is empty is left out. */
export function fields(values: Readonly<Record<string, string | number | undefined>>): string[] {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
