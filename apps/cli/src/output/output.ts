import type { Io } from '../io.ts';
import { type Column, table } from './table.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/**
 * Where results and words go. With --json stdout has one JSON value (or one a line for a stream) and nothing else.
 * What is said beside the result goes to stderr, so that a pipe gets the result alone.
 */
export class Output {
  readonly json: boolean;
  readonly #io: Pick<Io, 'stdout' | 'stderr' | 'env'>;

  constructor(io: Pick<Io, 'stdout' | 'stderr' | 'env'>, json: boolean) {
    this.#io = io;
    this.json = json;
  }

  /** A result: the value as JSON, or the lines for a person. */
  show(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.#io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else for (const line of lines()) this.#io.stdout.write(`${line}\n`);
  }

  /** A list: as JSON an array, else a table, or what to do when it is empty. */
  list<T>(rows: readonly T[], columns: readonly Column<T>[], whenEmpty: string): void {
    this.show(rows, () => {
      if (rows.length === 0) return [whenEmpty];
      const [heads = '', ...lines] = table(rows, columns);
      return [this.style('dim', heads), ...lines];
    });
  }

  /** One value of a stream. */
  event(value: unknown, line: () => string): void {
    this.#io.stdout.write(`${this.json ? JSON.stringify(value) : line()}\n`);
  }

  /** A piece of a text that appears as it is made. */
  piece(text: string): void {
    this.#io.stdout.write(text);
  }

  /** Words beside the result. */
  say(line: string): void {
    this.#io.stderr.write(`${line}\n`);
  }

  /** Overwrites the line it wrote before; only terminals see it. */
  progress(line: string): void {
    if (this.#io.stderr.isTTY) this.#io.stderr.write(`\r\u001B[K${line}`);
  }

  endProgress(): void {
    this.progress('');
  }

  style(style: Style, text: string): string {
    const { stdout, env } = this.#io;
    return stdout.isTTY && !env['NO_COLOR'] && text !== '' ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text;
  }

  /** A word such as "ready" in the colour of how good it is. */
  state(word: string): string {
    if (['ready', 'published', 'active'].includes(word)) return this.style('green', word);
    return ['failed', 'degraded', 'dead', 'revoked'].includes(word) ? this.style('red', word) : word;
  }
}
