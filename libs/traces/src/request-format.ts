import type { TraceFormat } from './trace-format.ts';

/** One inference request as it was recorded, whatever the trace it comes from. */
export interface TraceRequest {
  /** Whole milliseconds since the first row of the trace; never less than the request before. */
  readonly arrivalMs: number;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The prompt as blocks of equal length, from its start: an equal id is an equal block after equal blocks. */
  readonly prefix?: { readonly blockTokens: number; readonly blocks: readonly number[] };
  readonly organization?: string;
  /** How long the work took where it was recorded, for models whose work is not told by tokens, such as images. */
  readonly executionMs?: number;
}

/** A trace of requests: its rows stay what the source has, `request` says what they mean to us. */
export interface RequestFormat<Row> extends TraceFormat<Row> {
  readonly timeColumn: string;
  /** In milliseconds, from any origin. */
  atMs(row: Row): number;
  /** Undefined for a row that is no request a replica has served. */
  request(row: Row): Omit<TraceRequest, 'arrivalMs'> | undefined;
}

/** Ten times the longest context of any model: beyond it a row is wrong, not long. */
export const MAX_TOKENS = { max: 100_000_000 };
export const MAX_BLOCK_ID = { max: Number.MAX_SAFE_INTEGER };
