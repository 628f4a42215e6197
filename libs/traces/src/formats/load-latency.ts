import type { TraceFormat } from '../trace-format.ts';

/** How long one load of a base model took (alibaba/clusterdata, cluster-trace-v2026-GenAI). */
export interface LoadLatency {
  /** Seconds of the trace's own clock: only differences mean something. */
  readonly atSeconds: number;
  readonly loadMs: number;
}

const A_DAY_MS = 86_400_000;

export const loadLatencies: TraceFormat<LoadLatency> = {
  name: 'load-latency',
  title: 'measured load latencies of base models (GenAI 2026)',
  notation: 'csv',
  columns: ['timestamp_anon', 'value'],
  row: (fields) => ({
    atSeconds: fields.decimal('timestamp_anon', { max: 10 ** 11 }),
    loadMs: fields.decimal('value', { max: A_DAY_MS }),
  }),
};
