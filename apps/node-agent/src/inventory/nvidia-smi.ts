import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { schedulingV1 } from '@ostro/contracts';
import { acceleratorModel, type Gpu } from './domain/gpu.ts';
import { type ListedGpu, parseGpuList } from './domain/nvidia-list.ts';
import { parseGpus, QUERY_FIELDS, unknownField } from './domain/nvidia-query.ts';
import { parseIslands } from './domain/nvidia-topology.ts';

/** The tool hangs when a GPU is lost, so it is killed, not asked to end. */
const TIMEOUT_MS = 5_000;

const run = promisify(execFile);

export interface NvidiaInventory {
  readonly accelerators: schedulingV1.Accelerator[];
  readonly usedBytes: bigint;
  readonly driverVersion: string;
}

/** GPUs of this machine, or undefined where there is no NVIDIA driver. @throws what the tool failed with. */
export async function nvidiaInventory(command = 'nvidia-smi'): Promise<NvidiaInventory | undefined> {
  const gpus = await queryGpus(command, QUERY_FIELDS);
  if (!gpus || gpus.length === 0) return undefined;
  const [list, topology] = await Promise.all([
    gpus.some((gpu) => gpu.isMigEnabled) ? ask(command, ['-L']) : '',
    gpus.length > 1 ? ask(command, ['topo', '-m']) : '',
  ]);
  const islands = parseIslands(topology);
  const listed = new Map(parseGpuList(list).map((gpu) => [gpu.uuid, gpu]));
  return {
    accelerators: gpus.flatMap((gpu) => toAccelerators(gpu, islands.get(gpu.index) ?? '', listed.get(gpu.uuid))),
    usedBytes: gpus.reduce((sum, { memoryUsedBytes }) => sum + BigInt(memoryUsedBytes), 0n),
    driverVersion: gpus[0]!.driverVersion,
  };
}

async function queryGpus(command: string, fields: readonly string[]): Promise<Gpu[] | undefined> {
  try {
    return parseGpus(await ask(command, [`--query-gpu=${fields.join(',')}`, '--format=csv']));
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === 'ENOENT') return undefined;
    const unknown = unknownField(stdout + stderr);
    if (unknown === undefined || !fields.includes(unknown)) throw error;
    return queryGpus(
      command,
      fields.filter((field) => field !== unknown),
    );
  }
}

async function ask(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, [...args], { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' });
  return stdout;
}

/** With MIG the slices are the accelerators: the parent's memory is not one pool. */
export function toAccelerators(gpu: Gpu, island: string, listed: ListedGpu | undefined): schedulingV1.Accelerator[] {
  const model = acceleratorModel(gpu.name);
  const shared = { healthy: !gpu.isLost, simulated: false };
  if (gpu.isMigEnabled) {
    return (listed?.slices ?? []).map(({ uuid, profile, memoryBytes }) => ({
      ...shared,
      acceleratorId: uuid,
      model: `${model}-mig-${profile}`,
      memoryBytes: BigInt(memoryBytes),
      freeMemoryBytes: BigInt(memoryBytes),
      island: '',
    }));
  }
  const free = Math.max(0, gpu.memoryTotalBytes - gpu.memoryUsedBytes);
  return [
    {
      ...shared,
      acceleratorId: gpu.uuid || `lost-${gpu.index}`,
      model,
      memoryBytes: BigInt(gpu.memoryTotalBytes),
      freeMemoryBytes: BigInt(free),
      island,
    },
  ];
}
