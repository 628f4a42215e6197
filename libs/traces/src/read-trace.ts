import { type Line, LineSplitter } from './line-splitter.ts';
import { RowReader } from './row-reader.ts';
import { type OnBadRow, stopAtBadRow, TraceRowError } from './trace-error.ts';
import type { TraceFormat } from './trace-format.ts';

/** A file as a stream gives it: bytes or text, cut anywhere. */
export type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * The rows of a trace, read line by line: memory holds one chunk, however long the trace is.
 * @throws TraceRowError where `onBadRow` throws it (by default at the first), DomainError (UNREADABLE_TRACE).
 */
export async function* readTrace<Row>(
  format: TraceFormat<Row>,
  chunks: Chunks,
  onBadRow: OnBadRow = stopAtBadRow,
): AsyncGenerator<Row> {
  const reader = new RowReader(format);
  for await (const line of linesOf(chunks)) yield* rowsOf(reader, [line], onBadRow);
}

/** The rows of a trace whose whole text is at hand. */
export function parseTrace<Row>(format: TraceFormat<Row>, text: string, onBadRow: OnBadRow = stopAtBadRow): Row[] {
  return [...rowsOf(new RowReader(format), linesIn([text]), onBadRow)];
}

export function* linesIn(chunks: Iterable<string | Uint8Array>): Generator<Line> {
  const splitter = new LineSplitter();
  for (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

async function* linesOf(chunks: Chunks): AsyncGenerator<Line> {
  const splitter = new LineSplitter();
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

function* rowsOf<Row>(reader: RowReader<Row>, lines: Iterable<Line>, onBadRow: OnBadRow): Generator<Row> {
  for (const line of lines) {
    const row = attempt(() => reader.read(line), onBadRow);
    if (row !== undefined) yield row;
  }
}

/** What `read` says; undefined when the row is bad and `onBadRow` bears it. */
export function attempt<T>(read: () => T, onBadRow: OnBadRow): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TraceRowError)) throw error;
    onBadRow(error);
    return undefined;
  }
}
