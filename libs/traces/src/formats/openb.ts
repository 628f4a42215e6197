import type { Fields } from '../fields.ts';
import type { TraceFormat } from '../trace-format.ts';

/** Of the open GPU cluster trace (alibaba/clusterdata, cluster-trace-gpu-v2023), which FGD was measured on. */
export interface OpenbNode {
  readonly nodeId: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** Undefined on a node without GPUs. */
  readonly model: string | undefined;
}

export interface OpenbTask {
  readonly taskId: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** Of each GPU, in thousandths; below 1000 only with one GPU. */
  readonly gpuMilli: number;
  /** Allowed models, each once, in the order of the file; empty = any. */
  readonly models: readonly string[];
  readonly qos: string | undefined;
  readonly phase: string | undefined;
  /** Seconds since the trace began; undefined where the list has no such column. */
  readonly createdAtSeconds: number | undefined;
  readonly deletedAtSeconds: number | undefined;
  readonly scheduledAtSeconds: number | undefined;
}

const CPU_MILLI = { max: 10_000_000 };
const MEMORY_MIB = { max: 2 ** 30 };
const GPUS = { max: 1_024 };
const SECONDS = { max: 10 ** 10 };

export const openbNodes: TraceFormat<OpenbNode> = {
  name: 'openb-nodes',
  title: 'nodes of a GPU cluster (openb)',
  notation: 'csv',
  columns: ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'],
  row: (fields) => {
    const gpus = fields.whole('gpu', GPUS);
    if (gpus > 0 && !fields.has('model')) throw fields.bad('model', `the model of the ${gpus} GPUs`);
    return {
      nodeId: fields.text('sn'),
      cpuMilli: fields.whole('cpu_milli', CPU_MILLI),
      memoryMib: fields.whole('memory_mib', MEMORY_MIB),
      gpus,
      model: gpus > 0 ? fields.text('model') : undefined,
    };
  },
};

export const openbTasks: TraceFormat<OpenbTask> = {
  name: 'openb-tasks',
  title: 'tasks of a GPU cluster (openb)',
  notation: 'csv',
  columns: ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'],
  row: (fields) => ({
    taskId: fields.text('name'),
    cpuMilli: fields.whole('cpu_milli', CPU_MILLI),
    memoryMib: fields.whole('memory_mib', MEMORY_MIB),
    ...gpuDemand(fields),
    models: modelsOf(fields),
    qos: fields.optional('qos', (column) => fields.text(column)),
    phase: fields.optional('pod_phase', (column) => fields.text(column)),
    createdAtSeconds: seconds(fields, 'creation_time'),
    deletedAtSeconds: seconds(fields, 'deletion_time'),
    scheduledAtSeconds: seconds(fields, 'scheduled_time'),
  }),
};

function gpuDemand(fields: Fields): Pick<OpenbTask, 'gpus' | 'gpuMilli'> {
  const gpus = fields.whole('num_gpu', GPUS);
  const gpuMilli = fields.whole('gpu_milli', { max: 1_000 });
  if (gpus > 1 && gpuMilli !== 1_000)
    throw fields.bad('gpu_milli', `1000, since a task on ${gpus} GPUs has them whole`);
  if (gpus === 1 && gpuMilli === 0)
    throw fields.bad('gpu_milli', 'a share from 1 to 1000, since the task asks for a GPU');
  return { gpus, gpuMilli: gpus === 0 ? 0 : gpuMilli };
}

function modelsOf(fields: Fields): readonly string[] {
  const spec = fields.optional('gpu_spec', (column) => fields.text(column)) ?? '';
  return [...new Set(spec.split('|').filter((model) => model !== ''))];
}

function seconds(fields: Fields, column: string): number | undefined {
  return fields.optional(column, () => fields.decimal(column, SECONDS));
}
