import type { Tracer } from '@opentelemetry/api';
import { type Clock, type Id, type IdSource, randomIds, systemClock } from '@ostro/kernel';
import { createLogger, type Logger, type LoggerOptions, Metrics, startTelemetry } from '@ostro/telemetry';
import type { ProcessSettings } from './process-settings.ts';

/** What a service is given instead of reaching for globals. */
export interface ServiceContext {
  /** Id of this run of the service: a new one at each start. */
  readonly incarnation: Id<'inc'>;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** For a problem that only a restart can mend. The owner of the process decides; the service stops working. */
  readonly onFatal: (error: Error) => void;
}

export interface ContextOptions {
  readonly service: string;
  readonly version: string;
  readonly settings: ProcessSettings;
  readonly onFatal: (error: Error) => void;
  /** Where the log goes; default: standard output. */
  readonly logTo?: LoggerOptions['destination'];
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

export interface OwnedServiceContext extends ServiceContext {
  /** Sends the last spans. */
  close(): Promise<void>;
}

export function openServiceContext(options: ContextOptions): OwnedServiceContext {
  const { service, version, settings, onFatal, logTo, clock = systemClock, ids = randomIds } = options;
  const incarnation = ids('inc');
  const logger = createLogger({
    service,
    level: settings.logLevel,
    instance: incarnation,
    ...(logTo && { destination: logTo }),
  });
  const telemetry = startTelemetry({
    service,
    version,
    instance: incarnation,
    sampleRatio: settings.traceSampleRatio,
    logger,
    ...(settings.otlpEndpoint !== undefined && { otlpEndpoint: settings.otlpEndpoint }),
  });
  return {
    incarnation,
    logger,
    tracer: telemetry.tracer,
    metrics: new Metrics(service),
    clock,
    ids,
    onFatal,
    close: () => telemetry.shutdown(),
  };
}
