import { DomainError } from '@ostro/kernel';
import type { VramNeed } from './vram-need.ts';

export interface KvBudget {
  /** Left for KV cache on one accelerator; 0 when the rest does not even fit. */
  readonly bytesEach: number;
  /** Tokens that the whole group can cache at once. */
  readonly tokens: number;
}

/**
 * What vLLM will find for its KV cache at `--gpu-memory-utilization`:
 *
 *     total x utilisation - weights - activation peak - non-torch
 *
 * Graphs are captured afterwards, outside of that share, and so are not taken off here.
 */
export function kvBudget(
  { weightsBytes, activationBytes, nonTorchBytes, kvBytesPerTokenEach }: VramNeed,
  accelerator: { readonly memoryBytes: number; readonly utilizationMilli: number },
): KvBudget {
  const { memoryBytes, utilizationMilli } = accelerator;
  if (!(Number.isSafeInteger(memoryBytes) && memoryBytes >= 0)) {
    throw invalid('memoryBytes', 'a whole number of bytes', memoryBytes);
  }
  if (!(Number.isInteger(utilizationMilli) && utilizationMilli >= 0 && utilizationMilli <= 1000)) {
    throw invalid('utilizationMilli', 'a whole number from 0 to 1000', utilizationMilli);
  }
  const usable = Math.floor((memoryBytes / 1000) * utilizationMilli);
  const bytesEach = Math.max(0, usable - weightsBytes - activationBytes - nonTorchBytes);
  return { bytesEach, tokens: kvBytesPerTokenEach === 0 ? 0 : Math.floor(bytesEach / kvBytesPerTokenEach) };
}

function invalid(field: string, expected: string, value: number): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_VRAM_INPUT', `${field} must be ${expected}, not ${value}`, {
    details: { field },
  });
}
