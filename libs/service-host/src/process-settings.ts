import { fraction, type HostPort, hostPort, oneOf, path, type Read, string, url } from '@ostro/config';

/** What every process of Ostro can be told. */
export interface ProcessSettings {
  readonly cellId: string;
  readonly trustDomain: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Where traces go; absent: nowhere. */
  readonly otlpEndpoint: string | undefined;
  readonly traceSampleRatio: number;
  /** Where /metrics, /healthz and /readyz are served; absent: not at all. */
  readonly metricsBind: HostPort | undefined;
  /** File written once the process is ready: `{"pid": 1, "addresses": {...}}`. */
  readonly readyFile: string | undefined;
}

export function processSettings(read: Read): ProcessSettings {
  return {
    cellId: read.defaulted('OSTRO_CELL_ID', string(), 'cell-1'),
    trustDomain: read.defaulted('OSTRO_TRUST_DOMAIN', string(), 'ostro.local'),
    logLevel: read.defaulted('OSTRO_LOG_LEVEL', oneOf('trace', 'debug', 'info', 'warn', 'error'), 'info'),
    otlpEndpoint: read.optional('OSTRO_OTLP_ENDPOINT', url()),
    traceSampleRatio: read.defaulted('OSTRO_TRACE_SAMPLE_RATIO', fraction(), 1),
    metricsBind: read.optional('OSTRO_METRICS_BIND', hostPort()),
    readyFile: read.optional('OSTRO_READY_FILE', path()),
  };
}
