import type { TraceFormat } from '../trace-format.ts';

/** One run of FGD's published comparison: how much of the GPUs was allocated when so much work had arrived. */
export interface FgdCurve {
  /** The task list, such as openb_pod_list_default. */
  readonly list: string;
  /** As published, such as 06-FGD. */
  readonly policy: string;
  readonly seed: number;
  readonly totalGpus: number;
  /** Percent of all GPUs, at 0, 1, ... 130 percent arrived; undefined where the run has no figure. */
  readonly allocatedPercent: readonly (number | undefined)[];
}

const LAST_PERCENT = 130;
const PERCENTS = Array.from({ length: LAST_PERCENT + 1 }, (_, percent) => String(percent));

export const fgdCurves: TraceFormat<FgdCurve> = {
  name: 'fgd-curves',
  title: 'published GPU allocation by arrived work (FGD, USENIX ATC 2023)',
  notation: 'csv',
  columns: ['workload', 'sc_policy', 'seed', 'total_gpus', ...PERCENTS],
  row: (fields) => ({
    list: fields.text('workload'),
    policy: fields.text('sc_policy'),
    seed: fields.whole('seed', { max: 2 ** 32 }),
    totalGpus: fields.whole('total_gpus', { min: 1, max: 10_000_000 }),
    allocatedPercent: PERCENTS.map((percent) => fields.optional(percent, () => fields.decimal(percent, { max: 100 }))),
  }),
};
