import { applyDecorators, SetMetadata, Sse } from '@nestjs/common';
import type { IncomingStream } from '@ostro/grpc-host';
import { DomainError, isDomainError } from '@ostro/kernel';
import { currentRequestId } from '@ostro/telemetry';
import { Observable } from 'rxjs';
import type { z } from 'zod';
import { OPERATION, type OperationSpec, type Rpc } from './operation.ts';
import { problemOf } from './problem.ts';

/** One server-sent event. */
export interface Event {
  readonly type?: string;
  readonly data?: object;
  readonly comment?: string;
}

const BEAT_MS = 15_000;

/** Declares a handler that answers server-sent events; the document describes the data of one event. */
export function EventStream<S extends z.ZodType>(
  rpc: Rpc,
  id: string,
  summary: string,
  { route, answers }: { readonly route: string; readonly answers: S },
) {
  const spec: OperationSpec = { id, summary, rpc, status: 200, answers, media: 'text/event-stream' };
  return applyDecorators(Sse(route), SetMetadata(OPERATION, spec));
}

/**
 * What a service streams as server-sent events of one type. A comment at once and every 15 s shows that the stream
 * lives; a failure is an event "problem" and ends it; a reader that leaves cancels the call.
 */
export function eventsOf<T>(stream: IncomingStream<T>, type: string, schema: z.ZodType<unknown, T>): Observable<Event> {
  const requestId = currentRequestId() ?? '';
  return new Observable((subscriber) => {
    const beat = setInterval(() => subscriber.next({ comment: 'beat' }), BEAT_MS);
    subscriber.add(() => {
      clearInterval(beat);
      stream.cancel();
    });
    subscriber.next({ comment: 'open' });
    const forward = async () => {
      for await (const message of stream) subscriber.next({ type, data: schema.parse(message) as object });
    };
    forward()
      .catch((error: unknown) => subscriber.next({ type: 'problem', data: problemOf(told(error), requestId) }))
      .finally(() => subscriber.complete());
  });
}

function told(error: unknown): DomainError {
  if (isDomainError(error)) return error;
  return new DomainError('INTERNAL', 'STREAM_FAILED', 'the stream broke off; open it again', { cause: error });
}
