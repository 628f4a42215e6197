import { type BatchingSpec, engineModel, type EngineName, type Precision } from '@ostro/simulator';
import type { SiliconRow } from '@ostro/traces';

/** A measured operating point in the words of the simulator. */
export interface MeasuredRow {
  readonly rowId: string;
  /** Equal for rows that measure the same configuration, under whatever id and spelling. */
  readonly key: string;
  readonly model: string;
  readonly spec: BatchingSpec;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly concurrency: number;
  readonly ttftMs: number;
  readonly tpotMs: number;
}

/** Rows that cannot be predicted, counted by reason. */
export type Skipped = Record<string, number>;

const GPUS: Readonly<Record<string, string>> = {
  a100_sxm: 'A100-80GB',
  h100_sxm: 'H100-80GB',
  h200_sxm: 'H200-141GB',
  l40s: 'L40S-48GB',
};
const ENGINES: readonly EngineName[] = ['vllm', 'sglang', 'trtllm'];
const PRECISIONS: readonly Precision[] = ['bf16', 'fp8', 'int4'];
/** One server of the data is one node. */
const NODE_GPUS = 8;

/** @returns the rows to predict, and how many were left out why. */
export function measuredRows(rows: readonly SiliconRow[]): { rows: readonly MeasuredRow[]; skipped: Skipped } {
  const skipped: Skipped = {};
  const kept = rows.flatMap((row) => {
    const reason = reasonToSkip(row);
    if (reason === undefined) return [measured(row)];
    skipped[reason] = (skipped[reason] ?? 0) + 1;
    return [];
  });
  return { rows: kept, skipped };
}

function reasonToSkip({ mode, runtime, system, precision, model, layout }: SiliconRow): string | undefined {
  // How many workers share the load is missing in most of these rows, and the same labels differ by a factor of two.
  if (mode === 'disagg') return 'disaggregated';
  if (!ENGINES.includes(runtime as EngineName)) return `unknown engine ${runtime}`;
  if (GPUS[system] === undefined) return `unknown GPU ${system}`;
  if (precision !== undefined && !PRECISIONS.includes(precision as Precision)) return `unknown precision ${precision}`;
  if ((layout.pipeline ?? 1) > 1) return 'pipeline parallel';
  try {
    engineModel(model);
    return undefined;
  } catch {
    return `unknown model ${model}`;
  }
}

function measured(row: SiliconRow): MeasuredRow {
  const { layout, inputTokens, outputTokens } = row;
  const { tensorParallel, dataParallel } = gpusOf(layout);
  const concurrency = row.concurrency ?? (layout.batchSize ?? 1) * dataParallel;
  const model = engineModel(row.model).name;
  const spec: BatchingSpec = {
    kind: 'batching',
    engine: row.runtime as EngineName,
    model,
    gpu: GPUS[row.system]!,
    precision: (row.precision ?? 'bf16') as Precision,
    tensorParallel,
    dataParallel,
    maxSequences: concurrency,
  };
  // DeepSeek's R1 and V3 are one shape, and some measurements stand in the file under both names.
  const shape = model === 'DeepSeek-R1' ? 'DeepSeek-V3' : model;
  const key = [shape, row.runtime, row.runtimeVersion, row.system, tensorParallel, dataParallel].join(' ');
  return {
    rowId: row.rowId,
    key: `${key} ${inputTokens}x${outputTokens} c${concurrency}`,
    model,
    spec,
    inputTokens,
    outputTokens,
    concurrency,
    ttftMs: row.ttftMs,
    tpotMs: row.tpotMs,
  };
}

/**
 * Which GPUs a row means. Experts may be spread over more GPUs than attention: the others then attend to other requests.
 * Some rows count the same GPUs twice, the group of 8 as "tensor 64" or 4 GPUs as "tensor 4, data 4" (the same
 * measurement stands elsewhere in the file with the plain label): never more GPUs than one node has.
 */
function gpusOf({ tensor = 1, attentionData = 1, expertTensor = 1, expert = 1 }: SiliconRow['layout']) {
  const isDoubled = tensor > NODE_GPUS || (tensor > 1 && attentionData > 1);
  if (isDoubled) return { tensorParallel: Math.min(tensor, NODE_GPUS), dataParallel: 1 };
  const gpus = Math.min(NODE_GPUS, Math.max(tensor * attentionData, expertTensor * expert));
  return { tensorParallel: tensor, dataParallel: Math.max(1, Math.floor(gpus / tensor)) };
}
