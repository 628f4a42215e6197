export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
export {
  currentRequestId,
  currentTraceId,
  extractTrace,
  injectTrace,
  markFailed,
  withRequestId,
  withSpan,
  withTrace,
} from './trace.ts';
export { createLogger, type LoggerOptions, NestLogger } from './logger.ts';
export type { Logger } from 'pino';
export { Metrics, renderMetrics } from './metrics.ts';
export {
  type MetricsServer,
  type MetricsServerOptions,
  type ReadinessCheck,
  startMetricsServer,
} from './metrics-server.ts';
export { GEN_AI, GEN_AI_LABELS, GEN_AI_METRICS, GEN_AI_OPERATION, GEN_AI_PROVIDER, OSTRO } from './gen-ai.ts';
