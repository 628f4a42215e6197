import { DomainError } from '@ostro/kernel';

/** What the time of an iteration depends on, of a GPU: the vendor's data sheet, dense tensor-core rates. */
export interface GpuDataSheet {
  readonly memoryBytes: number;
  readonly memoryBytesPerSecond: number;
  readonly bf16Flops: number;
  /** Absent where there are no such tensor cores: then weights are widened and bf16 is what counts. */
  readonly fp8Flops?: number;
  /** To the other GPUs of the node, one direction. */
  readonly linkBytesPerSecond: number;
}

/** Published data sheets of NVIDIA: A100 SXM 80 GB, H100 SXM, H200 SXM, L40S. */
export const GPU_DATA_SHEETS: Readonly<Record<string, GpuDataSheet>> = {
  'A100-80GB': {
    memoryBytes: 85_899_345_920,
    memoryBytesPerSecond: 2.039e12,
    bf16Flops: 312e12,
    linkBytesPerSecond: 300e9,
  },
  'H100-80GB': {
    memoryBytes: 85_899_345_920,
    memoryBytesPerSecond: 3.35e12,
    bf16Flops: 989e12,
    fp8Flops: 1978e12,
    linkBytesPerSecond: 450e9,
  },
  'H200-141GB': {
    memoryBytes: 151_397_597_184,
    memoryBytesPerSecond: 4.8e12,
    bf16Flops: 989e12,
    fp8Flops: 1978e12,
    linkBytesPerSecond: 450e9,
  },
  'L40S-48GB': {
    memoryBytes: 48_305_799_168,
    memoryBytesPerSecond: 864e9,
    bf16Flops: 362.05e12,
    fp8Flops: 733e12,
    linkBytesPerSecond: 32e9,
  },
};

/** @throws DomainError NOT_FOUND (UNKNOWN_GPU) naming those that are known. */
export function gpuDataSheet(name: string): GpuDataSheet {
  const found = Object.hasOwn(GPU_DATA_SHEETS, name) ? GPU_DATA_SHEETS[name] : undefined;
  if (found !== undefined) return found;
  throw new DomainError(
    'NOT_FOUND',
    'UNKNOWN_GPU',
    `no data sheet of GPU "${name}"; known are ${Object.keys(GPU_DATA_SHEETS).join(', ')}; give its figures instead`,
    { details: { field: 'gpu' } },
  );
}
