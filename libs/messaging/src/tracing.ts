import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import type { EventRecord } from './event-record.ts';
import type { RecordBatch } from './event-bus.ts';

const tracer = trace.getTracer('@ostro/messaging');
const MAX_LINKS = 16;

/** The record with the trace it is part of, unless it names one. */
export function withTraceparent(record: EventRecord): EventRecord {
  if (record.traceparent !== undefined) return record;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent === undefined ? record : { ...record, traceparent: carrier.traceparent };
}

/** Runs `work` as part of the trace that published the record. */
export function inTraceOf<T>(record: Pick<EventRecord, 'traceparent'>, work: () => T): T {
  return context.with(contextOf(record), work);
}

function contextOf({ traceparent }: Pick<EventRecord, 'traceparent'>): Context {
  return traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
}

/**
 * One span a batch, not one a record. It continues the trace of the first record that has one and links to the
 * others, of which a few are enough to find the rest.
 */
export function inConsumerSpan<T>(batch: RecordBatch, work: () => Promise<T>): Promise<T> {
  const traced = [...new Set(batch.records.flatMap(({ traceparent }) => traceparent ?? []))];
  const links = traced.slice(1, 1 + MAX_LINKS).flatMap((traceparent) => {
    const linked = trace.getSpanContext(contextOf({ traceparent }));
    return linked === undefined ? [] : [{ context: linked }];
  });
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': batch.topic,
    'messaging.destination.partition.id': String(batch.partition),
    'messaging.batch.message_count': batch.records.length,
    'messaging.consumer.group.name': batch.position.group,
  };
  const parent = contextOf({ traceparent: traced[0] });
  return tracer.startActiveSpan(
    `process ${batch.topic}`,
    { kind: SpanKind.CONSUMER, links, attributes },
    parent,
    async (span) => {
      try {
        return await work();
      } catch (error) {
        span.recordException(error as Error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  );
}
