import { detectRequestFormat } from './detect-format.ts';
import type { Line } from './line-splitter.ts';
import { linesIn, attempt } from './read-trace.ts';
import type { RequestFormat, TraceRequest } from './request-format.ts';
import { RowReader } from './row-reader.ts';
import { type OnBadRow, stopAtBadRow, TraceRowError, unreadableTrace } from './trace-error.ts';

export interface ReadRequestsOptions {
  /** Told by the first line when left out. */
  readonly format?: RequestFormat<unknown> | undefined;
  readonly onBadRow?: OnBadRow;
  /** Called for each row that is no request a replica served, such as one still pending. */
  readonly onNoRequest?: () => void;
  /** Called once with the time of the first row as the trace has it: since 1970, where it has dates. */
  readonly onStart?: (atMs: number) => void;
}

/**
 * The requests of a trace in any known format, one at a time: memory holds one chunk, however long the trace is.
 * @throws TraceRowError where `onBadRow` throws it (by default at the first), DomainError (UNREADABLE_TRACE).
 */
export function* readRequests(
  chunks: Iterable<string | Uint8Array>,
  { format, onBadRow = stopAtBadRow, ...told }: ReadRequestsOptions = {},
): Generator<TraceRequest> {
  let rows: RequestRows<unknown> | undefined;
  for (const line of linesIn(chunks)) {
    if (line.text.trim() === '') continue;
    const reader = (rows ??= new RequestRows(format ?? detectRequestFormat(line), told));
    const request = attempt(() => reader.read(line), onBadRow);
    if (request !== undefined) yield request;
  }
  if (rows === undefined) throw unreadableTrace('the trace is empty');
}

type Told = Pick<ReadRequestsOptions, 'onNoRequest' | 'onStart'>;

/** Rows as requests: time counts from the first, and never goes back. */
class RequestRows<Row> {
  readonly #format: RequestFormat<Row>;
  readonly #rows: RowReader<Row>;
  readonly #told: Told;
  #originMs: number | undefined;
  #lastMs = 0;
  #blockTokens: number | undefined;

  constructor(format: RequestFormat<Row>, told: Told) {
    this.#format = format;
    this.#rows = new RowReader(format);
    this.#told = told;
  }

  read(line: Line): TraceRequest | undefined {
    const row = this.#rows.read(line);
    if (row === undefined) return undefined;
    const arrivalMs = this.#arrivalMs(row, line.number);
    const request = this.#format.request(row);
    if (request === undefined) this.#told.onNoRequest?.();
    this.#checkBlocks(request?.prefix?.blockTokens, line.number);
    return request && { ...request, arrivalMs };
  }

  /** Ids of blocks of different lengths would never match, and a cache that never hits looks like a real result. */
  #checkBlocks(blockTokens: number | undefined, line: number): void {
    if (blockTokens === undefined) return;
    this.#blockTokens ??= blockTokens;
    if (blockTokens === this.#blockTokens) return;
    const expected = `${this.#blockTokens} as in the rows above`;
    throw new TraceRowError({ line, column: 'block_tokens', found: blockTokens, expected });
  }

  #arrivalMs(row: Row, line: number): number {
    const atMs = this.#format.atMs(row);
    const arrivalMs = atMs - (this.#originMs ?? atMs);
    if (arrivalMs < this.#lastMs) {
      const expected = 'rows in order of time; sort the trace by this column';
      const found = `${this.#lastMs - arrivalMs} ms before the row above`;
      throw new TraceRowError({ line, column: this.#format.timeColumn, found, expected });
    }
    if (this.#originMs === undefined) this.#told.onStart?.(atMs);
    this.#originMs ??= atMs;
    this.#lastMs = arrivalMs;
    return arrivalMs;
  }
}
