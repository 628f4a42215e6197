import { TraceRowError } from './trace-error.ts';
import { utcMs } from './utc.ts';

/** Bounds of a number; what lies outside is a broken row, not a big one. */
export interface Bounds {
  readonly min?: number;
  readonly max: number;
}

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const DIGITS = /^\d+$/;
const MAX_TEXT_LENGTH = 512;
const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * One row by the names of its columns, each value read as what it should be.
 * All readers @throw TraceRowError naming line, column, value and what was expected.
 */
export class Fields {
  readonly line: number;
  readonly #values: Readonly<Record<string, unknown>>;
  /** A CSV knows text only; in JSON a number in quotes is a mistake. */
  readonly #isCsv: boolean;

  constructor(line: number, values: Readonly<Record<string, unknown>>, isCsv: boolean) {
    this.line = line;
    this.#values = values;
    this.#isCsv = isCsv;
  }

  /** A count; CSVs of data frames write 63 as "63.0". */
  whole(column: string, { min = 0, max }: Bounds): number {
    const value = this.#number(column);
    if (value !== undefined && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw this.bad(column, `a whole number from ${min} to ${max}`);
  }

  decimal(column: string, { min = 0, max }: Bounds): number {
    const value = this.#number(column);
    if (value !== undefined && value >= min && value <= max) return value;
    throw this.bad(column, `a number from ${min} to ${max}`);
  }

  /** Names go into tables on a terminal, so what could steer one is no text. */
  text(column: string): string {
    const value = this.#values[column];
    const isText = typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH;
    if (isText && !CONTROL_CHARACTER.test(value)) return value;
    throw this.bad(column, `a text of 1 to ${MAX_TEXT_LENGTH} characters, none of them control characters`);
  }

  /** Milliseconds since 1970 of a time such as "2023-11-16 18:17:03.9799600", which these traces mean as UTC. */
  time(column: string): number {
    const value = this.#values[column];
    const ms = typeof value === 'string' ? utcMs(value) : undefined;
    if (ms !== undefined) return ms;
    throw this.bad(column, 'a time such as 2026-11-22 18:30:00 (UTC)');
  }

  /** A list of whole numbers: in JSON an array, in a CSV separated by spaces. */
  wholes(column: string, { min = 0, max }: Bounds): readonly number[] {
    const value = this.#values[column];
    const list = this.#isCsv && typeof value === 'string' ? value.split(' ').map(wholeIn) : value;
    if (Array.isArray(list) && list.every((each) => Number.isSafeInteger(each) && each >= min && each <= max)) {
      return list as readonly number[];
    }
    throw this.bad(column, `${this.#isCsv ? 'numbers separated by spaces' : 'an array'}, each from ${min} to ${max}`);
  }

  /** Undefined where the column is missing or empty, else what `read` says. */
  optional<T>(column: string, read: (column: string) => T): T | undefined {
    return this.has(column) ? read(column) : undefined;
  }

  has(column: string): boolean {
    const value = this.#values[column];
    return value !== undefined && value !== null && value !== '';
  }

  bad(column: string, expected: string): TraceRowError {
    return new TraceRowError({ line: this.line, column, found: this.#values[column], expected });
  }

  #number(column: string): number | undefined {
    const value = this.#values[column];
    if (typeof value === 'number') return value;
    return this.#isCsv && typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined;
  }
}

/** Of digits alone: what stands between two spaces is no block 0. */
function wholeIn(text: string): number {
  return DIGITS.test(text) ? Number(text) : Number.NaN;
}
