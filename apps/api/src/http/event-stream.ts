import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { applyDecorators, Get, Header, SetMetadata, StreamableFile } from '@nestjs/common';
import type { IncomingStream } from '@ostro/grpc-host';
import { DomainError, isDomainError } from '@ostro/kernel';
import { currentRequestId } from '@ostro/telemetry';
import type { z } from 'zod';
import { OPERATION, type OperationSpec, type Rpc } from './operation.ts';
import { problemOf } from './problem.ts';

const MEDIA = 'text/event-stream';
const BEAT_MS = 15_000;

/** Declares a handler that answers server-sent events; the document describes the data of one event. */
export function EventStream<S extends z.ZodType>(
  rpc: Rpc,
  id: string,
  summary: string,
  { route, answers }: { readonly route: string; readonly answers: S },
) {
  const media = { media: MEDIA, status: 200, headers: [], takesBytes: false };
  const spec: OperationSpec = { id, summary, rpc, answers, ...media };
  return applyDecorators(Get(route), Header('cache-control', 'no-store'), SetMetadata(OPERATION, spec));
}

/**
 * What a service streams as server-sent events of one type. A comment at once and every 15 s shows that the stream
 * lives; a failure is an event "problem" and ends it; a reader that is slow is waited for, and one that leaves ends
 * the call.
 */
export function eventsOf<T>(stream: IncomingStream<T>, type: string, schema: z.ZodType<unknown, T>): StreamableFile {
  const requestId = currentRequestId() ?? '';
  const gone = new AbortController();
  const out = new PassThrough();
  const beat = setInterval(() => out.write(': beat\n\n'), BEAT_MS);
  out.once('close', () => {
    clearInterval(beat);
    stream.cancel();
    gone.abort();
  });
  out.write(': open\n\n');
  const forward = async () => {
    for await (const message of stream) {
      if (!out.write(event(type, schema.parse(message)))) await once(out, 'drain', { signal: gone.signal });
    }
  };
  forward().then(
    () => out.end(),
    (error: unknown) => gone.signal.aborted || out.end(event('problem', problemOf(told(error), requestId))),
  );
  return new StreamableFile(out, { type: MEDIA });
}

function event(type: string, data: unknown): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function told(error: unknown): DomainError {
  if (isDomainError(error)) return error;
  return new DomainError('INTERNAL', 'STREAM_FAILED', 'the stream broke off; open it again', { cause: error });
}
