import { DomainError } from '@ostro/kernel';

const MAX_SHOWN = 40;

/**
 * What was found, short and on one line: a trace is a foreign file, and its bytes must not reach a terminal as they are.
 * What lies inside of lists and objects is left out, since a million brackets are deeper than any stack.
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const isInside = (each: unknown) => each !== value && typeof each === 'object' && each !== null;
  const text = JSON.stringify(value, (_, each: unknown) => (isInside(each) ? '…' : each)) ?? String(value);
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return cut.replaceAll(/[^\u0020-\u007e…]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** Where in a trace, and what should have been there. */
export interface BadRow {
  /** From 1, as editors count. */
  readonly line: number;
  readonly column?: string;
  readonly found?: unknown;
  readonly expected: string;
}

/** One row that cannot be read. The message names line, column, value and what was expected. */
export class TraceRowError extends DomainError {
  readonly line: number;
  readonly column: string | undefined;

  constructor({ line, column, found, expected }: BadRow) {
    const place = column === undefined ? `line ${line}` : `line ${line}, column "${column}"`;
    super('INVALID_ARGUMENT', 'BAD_TRACE_ROW', `${place}: expected ${expected}, found ${shown(found)}`, {
      details: { line: String(line), ...(column !== undefined && { column }) },
    });
    this.line = line;
    this.column = column;
  }
}

/** The file as a whole cannot be read; nothing of it was used. */
export function unreadableTrace(problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'UNREADABLE_TRACE', problem);
}

/** What to do about rows that cannot be read. To stop, throw. */
export type OnBadRow = (error: TraceRowError) => void;

/** The default: half a trace read in silence would give figures that look right. */
export const stopAtBadRow: OnBadRow = (error) => {
  throw error;
};

/** Leaves out up to `limit` rows and remembers why; one more stops. */
export class BadRows {
  readonly errors: TraceRowError[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly add: OnBadRow = (error) => {
    if (this.#limit === 0) throw error;
    if (this.errors.length >= this.#limit) {
      throw unreadableTrace(`more than ${this.#limit} rows cannot be read; the next is ${error.message}`);
    }
    this.errors.push(error);
  };
}
