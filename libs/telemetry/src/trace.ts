import {
  type Attributes,
  context,
  type Context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { isDomainError } from '@ostro/kernel';

const REQUEST_ID = createContextKey('ostro.request_id');

/** Runs `fn` so that every log line and span inside carries the request's id. */
export function withRequestId<T>(requestId: string, fn: () => T): T {
  return context.with(context.active().setValue(REQUEST_ID, requestId), fn);
}

export function currentRequestId(): string | undefined {
  return context.active().getValue(REQUEST_ID) as string | undefined;
}

export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** Adds `traceparent` (and `tracestate`) of the current span to outgoing headers; returns the same headers. */
export function injectTrace<H extends Record<string, unknown>>(headers: H): H {
  propagation.inject(context.active(), headers);
  return headers;
}

/** Runs `fn` as part of the trace that incoming headers name (HTTP or Kafka); without one it is a trace's start. */
export function withTrace<T>(headers: Readonly<Record<string, unknown>>, fn: () => T): T {
  return context.with(extractTrace(headers), fn);
}

export function extractTrace(headers: Readonly<Record<string, unknown>>): Context {
  return propagation.extract(ROOT_CONTEXT, headers, headerGetter);
}

const headerGetter: TextMapGetter<Readonly<Record<string, unknown>>> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => {
    const value = headers[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return first instanceof Uint8Array ? Buffer.from(first).toString('latin1') : (first as string | undefined);
  },
};

/**
 * Runs `fn` inside a span that ends when it does. A failure marks the span by its reason; the message of an error
 * that is not ours stays out, since it may quote a prompt.
 */
export async function withSpan<T>(
  tracer: Tracer,
  name: string,
  attributes: Attributes,
  fn: (span: Span) => Promise<T> | T,
  kind: SpanKind = SpanKind.INTERNAL,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes, kind }, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks a span as failed; for spans that outlive one function, such as a stream's. */
export function markFailed(span: Span, error: unknown): void {
  const ours = isDomainError(error);
  span.setAttribute('error.type', ours ? error.reason : error instanceof Error ? error.name : 'unknown');
  span.setStatus({ code: SpanStatusCode.ERROR, ...(ours && { message: error.message }) });
}
