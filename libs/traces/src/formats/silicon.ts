import type { Fields } from '../fields.ts';
import type { TraceFormat } from '../trace-format.ts';

/** How the model is cut over GPUs; undefined where the row does not say. */
export interface Parallelism {
  readonly batchSize: number | undefined;
  readonly tensor: number | undefined;
  readonly pipeline: number | undefined;
  readonly attentionData: number | undefined;
  readonly expertTensor: number | undefined;
  readonly expert: number | undefined;
  /** Of a disaggregated deployment: how many workers of the kind. */
  readonly workers: number | undefined;
}

/** One measured operating point of a model server (aiconfigurator, see the data's README). */
export interface SiliconRow {
  readonly rowId: string;
  readonly runtime: string;
  readonly runtimeVersion: string | undefined;
  readonly model: string;
  /** The machine, such as h200_sxm. */
  readonly system: string;
  readonly precision: string | undefined;
  readonly gemmPrecision: string | undefined;
  readonly expertPrecision: string | undefined;
  /** One process for both phases, or prefill and decode apart. */
  readonly mode: 'agg' | 'disagg';
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Requests kept in flight while measuring; undefined where the source does not say. */
  readonly concurrency: number | undefined;
  /** Of an aggregated server; all undefined for a disaggregated one. */
  readonly layout: Parallelism;
  readonly prefill: Parallelism;
  readonly decode: Parallelism;
  readonly ttftMs: number;
  readonly tpotMs: number;
}

const TOKENS = { min: 1, max: 100_000_000 };
const COUNT = { max: 1_000_000 };
const MS = { max: 86_400_000 };
const CONCURRENCY = /\bsilicon_concurrency=(\d{1,9})\b/;

export const siliconRows: TraceFormat<SiliconRow> = {
  name: 'silicon',
  title: 'measured time to first token and per output token',
  notation: 'csv',
  columns: ['id', 'backend', 'model_path', 'system', 'mode', 'isl', 'osl', 'silicon_ttft_ms', 'silicon_tpot_ms'],
  row: (fields) => ({
    rowId: fields.text('id'),
    runtime: fields.text('backend'),
    runtimeVersion: text(fields, 'backend_version'),
    model: fields.text('model_path'),
    system: fields.text('system'),
    precision: text(fields, 'precision'),
    gemmPrecision: text(fields, 'gemm_quant_mode'),
    expertPrecision: text(fields, 'moe_quant_mode'),
    mode: modeOf(fields),
    inputTokens: fields.whole('isl', TOKENS),
    outputTokens: fields.whole('osl', TOKENS),
    concurrency: concurrencyOf(fields),
    layout: parallelism(fields, ''),
    prefill: parallelism(fields, 'prefill_'),
    decode: parallelism(fields, 'decode_'),
    ttftMs: fields.decimal('silicon_ttft_ms', MS),
    tpotMs: fields.decimal('silicon_tpot_ms', MS),
  }),
};

function modeOf(fields: Fields): 'agg' | 'disagg' {
  const mode = fields.text('mode');
  if (mode === 'agg' || mode === 'disagg') return mode;
  throw fields.bad('mode', 'agg or disagg');
}

/** The load is in the remark on the source: "...; silicon_concurrency=16; ...". */
function concurrencyOf(fields: Fields): number | undefined {
  const source = text(fields, 'silicon_data_source') ?? '';
  const [, digits] = CONCURRENCY.exec(source) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function parallelism(fields: Fields, prefix: '' | 'prefill_' | 'decode_'): Parallelism {
  const count = (column: string) => fields.optional(`${prefix}${column}`, (name) => fields.whole(name, COUNT));
  return {
    batchSize: count('batch_size'),
    tensor: count('tp_size'),
    pipeline: count('pp_size'),
    attentionData: count('attention_dp_size'),
    expertTensor: count('moe_tp_size'),
    expert: count('moe_ep_size'),
    workers: prefix === '' ? undefined : count('num_workers'),
  };
}

function text(fields: Fields, column: string): string | undefined {
  return fields.optional(column, () => fields.text(column));
}
