import { context, diag, DiagLogLevel, propagation, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';

export interface TelemetryOptions {
  /** The app: `service.name` of its spans. */
  readonly service: string;
  /** Tells two processes of one service apart. */
  readonly instance: string;
  readonly version: string;
  /** Share of new traces that are recorded, 0 to 1. A trace that arrives sampled stays sampled. */
  readonly sampleRatio: number;
  /** Base address of an OTLP/HTTP receiver. Absent: traces are carried on to others but exported nowhere. */
  readonly otlpEndpoint?: string;
  /** Where spans go instead of OTLP. */
  readonly exporter?: SpanExporter;
  /** Hears of spans that could not be exported; requests never notice. */
  readonly logger?: Pick<Logger, 'warn' | 'error'>;
}

export interface Telemetry {
  readonly tracer: Tracer;
  /** Exports what is left. It resolves also when the receiver is gone: a stop must not hang on a collector. */
  shutdown(): Promise<void>;
}

/**
 * A tracer for one service. Several services in one process each start their own and keep their own name; context
 * and propagation belong to the process and are set by whoever comes first. Nothing is registered as global tracer,
 * so no span can end up under a neighbour's name.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  prepareProcess(options.logger);
  const exporter = options.exporter ?? otlp(options.otlpEndpoint);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.namespace': 'ostro',
      'service.instance.id': options.instance,
      'service.version': options.version,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: exporter ? [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })] : [],
  });
  return {
    tracer: provider.getTracer('ostro', options.version),
    shutdown: () =>
      provider.shutdown().catch((error: unknown) => {
        options.logger?.warn({ err: error }, 'the last spans could not be exported');
      }),
  };
}

function otlp(endpoint: string | undefined): SpanExporter | undefined {
  if (endpoint === undefined) return undefined;
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 2_000 });
}

let prepared = false;

function prepareProcess(logger: TelemetryOptions['logger']): void {
  if (prepared) return;
  prepared = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (logger) diag.setLogger(diagnostics(logger), DiagLogLevel.WARN);
}

function diagnostics(logger: NonNullable<TelemetryOptions['logger']>) {
  const silent = () => undefined;
  return {
    error: (message: string) => logger.error(`telemetry: ${message}`),
    warn: (message: string) => logger.warn(`telemetry: ${message}`),
    info: silent,
    debug: silent,
    verbose: silent,
  };
}
