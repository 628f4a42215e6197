import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DomainError, isDomainError } from '@ostro/kernel';
import {
  BadRows,
  readRequests,
  type ReadRequestsOptions,
  REQUEST_FORMATS,
  type RequestFormat,
  type TraceRequest,
} from '@ostro/traces';
import { usageError } from '../usage-error.ts';

const CHUNK_BYTES = 256 * 1_024;
/** More are no models but a column that was taken for one. */
const MAX_MODELS = 10_000;
const MAX_SPAN_DAYS = 400;
const DAY_MS = 86_400_000;

/** What a trace holds, known before anything is simulated. */
export interface TraceSurvey {
  readonly requests: number;
  readonly spanMs: number;
  /** Of the first row, since 1970 where the trace has dates. */
  readonly startMs: number;
  /** By name, in the order of their first request. */
  readonly models: ReadonlyMap<string, ModelSurvey>;
  readonly prefixBlockTokens: number | undefined;
  /** Rows that are no requests a replica served. */
  readonly leftOut: number;
  /** Rows that cannot be read, each in words. */
  readonly badRows: readonly string[];
}

export interface ModelSurvey {
  readonly requests: number;
  /** Those whose work is told by tokens; the others bring the time they took. */
  readonly tokenRequests: number;
}

/** A trace on disk. It is read once to survey it and once a policy, so that it never has to fit into memory. */
export class TraceFile {
  readonly #path: string;
  readonly #format: RequestFormat<unknown> | undefined;
  readonly #maxBadRows: number;

  /** @throws DomainError NOT_FOUND (FILE_NOT_FOUND), INVALID_ARGUMENT (USAGE) for what cannot be read twice. */
  constructor(path: string, format: string | undefined, maxBadRows: number) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw fileNotFound(path, 'there is no such file');
    if (!stats.isFile()) throw usageError(`${path} is no file: a trace is read more than once, so it cannot be a pipe`);
    this.#path = path;
    this.#format = format === undefined ? undefined : formatNamed(format);
    this.#maxBadRows = maxBadRows;
  }

  requests(): Iterable<TraceRequest> {
    return this.#read({ onBadRow: new BadRows(this.#maxBadRows).add });
  }

  #read(options: ReadRequestsOptions): Iterable<TraceRequest> {
    return readRequests(chunksOf(this.#path), { format: this.#format, ...options });
  }

  /** @throws DomainError INVALID_ARGUMENT when it has no requests, bad rows beyond the limit, or too many models. */
  survey(): TraceSurvey {
    try {
      return this.#survey();
    } catch (error) {
      if (!isDomainError(error)) throw error;
      throw new DomainError(error.code, error.reason, `${basename(this.#path)}: ${error.message}`, {
        details: error.details,
        cause: error,
      });
    }
  }

  #survey(): TraceSurvey {
    const bad = new BadRows(this.#maxBadRows);
    const models = new Map<string, ModelSurvey>();
    const seen = { requests: 0, spanMs: 0, startMs: 0, leftOut: 0, prefixBlockTokens: undefined as number | undefined };
    const onNoRequest = () => (seen.leftOut += 1);
    const onStart = (atMs: number) => (seen.startMs = atMs);
    for (const request of this.#read({ onBadRow: bad.add, onNoRequest, onStart })) {
      seen.requests += 1;
      seen.spanMs = request.arrivalMs;
      seen.prefixBlockTokens ??= request.prefix?.blockTokens;
      count(models, request);
    }
    if (seen.requests === 0) throw unfit('EMPTY_TRACE', 'the trace has no requests');
    checkSpan(seen.spanMs);
    return { ...seen, models, badRows: bad.errors.map(({ message }) => message) };
  }
}

function count(models: Map<string, ModelSurvey>, { model, executionMs }: TraceRequest): void {
  const { requests = 0, tokenRequests = 0 } = models.get(model) ?? {};
  models.set(model, { requests: requests + 1, tokenRequests: tokenRequests + (executionMs === undefined ? 1 : 0) });
  if (models.size > MAX_MODELS) {
    const message = `the trace names more than ${MAX_MODELS} models; is the column of models the right one?`;
    throw unfit('TOO_MANY_MODELS', message);
  }
}

/** A figure a minute is kept of the whole span, and one mistyped time must not make that a thousand years. */
function checkSpan(spanMs: number): void {
  if (spanMs <= MAX_SPAN_DAYS * DAY_MS) return;
  const days = Math.round(spanMs / DAY_MS);
  const message = `the trace spans ${days} days and at most ${MAX_SPAN_DAYS} can be simulated; are its times milliseconds?`;
  throw unfit('TRACE_TOO_LONG', message);
}

function unfit(reason: string, message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', reason, message);
}

function formatNamed(name: string): RequestFormat<unknown> {
  const found = REQUEST_FORMATS.find((format) => format.name === name);
  if (found !== undefined) return found;
  throw usageError(`there is no trace format "${name}": use ${REQUEST_FORMATS.map((each) => each.name).join(', ')}`);
}

/** The simulator asks for one request after the other and cannot wait, so the file is read as it asks. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const length = readSync(file, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

export function fileNotFound(path: string, why: string): DomainError {
  return new DomainError('NOT_FOUND', 'FILE_NOT_FOUND', `${path} cannot be read: ${why}`);
}
