export interface MigSlice {
  readonly uuid: string;
  /** Such as "1g.10gb". */
  readonly profile: string;
  readonly memoryBytes: number;
}

export interface ListedGpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly slices: readonly MigSlice[];
}

const GPU = /^GPU (\d+): (.*) \(UUID: (GPU-[0-9a-fA-F-]+)\)/;
const SLICE = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/;
const PROFILE_MEMORY = /\.(\d+)gb/;

/** `nvidia-smi -L`: GPUs with their MIG slices. A slice's memory is that of its profile, in decimal gigabytes. */
export function parseGpuList(text: string): ListedGpu[] {
  const gpus: (ListedGpu & { slices: MigSlice[] })[] = [];
  for (const line of text.split('\n')) {
    const gpu = GPU.exec(line);
    if (gpu) gpus.push({ index: Number(gpu[1]), name: gpu[2]!, uuid: gpu[3]!, slices: [] });
    const slice = SLICE.exec(line);
    if (slice) gpus.at(-1)?.slices.push({ uuid: slice[2]!, profile: slice[1]!, memoryBytes: memoryOf(slice[1]!) });
  }
  return gpus;
}

function memoryOf(profile: string): number {
  return Number(PROFILE_MEMORY.exec(profile)?.[1] ?? 0) * 1_000_000_000;
}
