import type { Totals } from '../generation/generator.ts';
import type { SlotPool } from '../generation/slot-pool.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format. */
export function renderMetrics(totals: Totals, pool: SlotPool): string {
  const rows: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, value: number])[] = [
    ['prompt_tokens_total', 'counter', 'Prompt tokens accepted, cached ones included.', totals.promptTokens],
    ['cached_tokens_total', 'counter', 'Prompt tokens that needed no work.', totals.cachedTokens],
    ['generation_tokens_total', 'counter', 'Tokens generated.', totals.completionTokens],
    ['requests_finished_total', 'counter', 'Requests answered to their end.', totals.finished],
    ['requests_cancelled_total', 'counter', 'Requests whose client left or was too slow.', totals.cancelled],
    ['requests_failed_total', 'counter', 'Requests refused or failed after they were understood.', totals.failed],
    ['requests_running', 'gauge', 'Slots at work.', pool.running],
    ['requests_waiting', 'gauge', 'Requests waiting for a slot.', pool.waiting],
    ['slots', 'gauge', 'Slots there are.', pool.slots.length],
  ];
  return rows
    .map(([name, type, help, value]) => {
      const metric = `ostro_model_server_${name}`;
      return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${metric} ${value}\n`;
    })
    .join('');
}
