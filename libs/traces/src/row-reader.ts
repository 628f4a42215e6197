import { parse } from 'csv-parse/sync';
import { Fields } from './fields.ts';
import type { Line } from './line-splitter.ts';
import { shown, TraceRowError, unreadableTrace } from './trace-error.ts';
import type { TraceFormat } from './trace-format.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * Turns lines into rows of one format. A record is one line, also in a CSV: so a stray quote spoils its own row instead
 * of swallowing what follows.
 */
export class RowReader<Row> {
  readonly #format: TraceFormat<Row>;
  #header: readonly string[] | undefined;

  constructor(format: TraceFormat<Row>) {
    this.#format = format;
  }

  /**
   * Undefined for blank lines and for the header.
   * @throws TraceRowError for a row, DomainError (UNREADABLE_TRACE) for a header that lacks columns.
   */
  read({ number, text }: Line): Row | undefined {
    if (text.trim() === '') return undefined;
    if (this.#format.notation === 'jsonl') return this.#format.row(new Fields(number, jsonValues(number, text), false));
    if (this.#header === undefined) {
      this.#header = this.#checked(csvHeader(number, text));
      return undefined;
    }
    return this.#format.row(new Fields(number, csvValues(number, text, this.#header), true));
  }

  #checked(header: readonly string[]): readonly string[] {
    const { name, columns } = this.#format;
    const missing = columns.filter((column) => !header.includes(column));
    if (missing.length === 0) return header;
    throw unreadableTrace(
      `the header lacks ${missing.join(', ')}, which a trace in the format ${name} has; it says ${shown(header.join(','))}`,
    );
  }
}

/** The names of a CSV's columns. @throws DomainError (UNREADABLE_TRACE) when one is there twice. */
export function csvHeader(number: number, text: string): readonly string[] {
  const header = csvCells(number, text).map((cell) => cell.trim());
  const twice = header.find((column, at) => column !== '' && header.indexOf(column) !== at);
  if (twice !== undefined) throw unreadableTrace(`the header names the column ${shown(twice)} twice; keep one`);
  return header;
}

export function jsonValues(line: number, text: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TraceRowError({ line, found: text, expected: 'one JSON object on the line' });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
  throw new TraceRowError({ line, found: text, expected: 'a JSON object' });
}

function csvValues(line: number, text: string, header: readonly string[]): Values {
  const cells = csvCells(line, text);
  if (cells.length < header.length) {
    const column = header[cells.length]!;
    throw new TraceRowError({ line, column, expected: `${header.length} fields as in the header` });
  }
  if (cells.length > header.length) {
    const found = cells[header.length];
    throw new TraceRowError({ line, found, expected: `no more fields than the ${header.length} of the header` });
  }
  return Object.fromEntries(header.map((column, at) => [column, cells[at]]));
}

function csvCells(line: number, text: string): readonly string[] {
  // Without quotes a comma is a comma; a trace of millions of rows has few others.
  if (!text.includes('"')) return text.split(',');
  try {
    return (parse(text, { relax_column_count: true }) as string[][])[0] ?? [];
  } catch {
    throw new TraceRowError({ line, found: text, expected: 'each quoted field to begin and end with a quote' });
  }
}
