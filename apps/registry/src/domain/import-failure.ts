import { type ErrorCode, isDomainError } from '@ostro/kernel';
import type { Import } from './import.ts';

/** Tries in a row that got no further before an import ends. Together they take about four minutes. */
const MAX_FAILURES = 8;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** What tomorrow's try would meet as well. */
const LASTING: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'DATA_LOSS',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
];

/** Why an import ends, or undefined when it is to be tried again after its `failures`-th failure in a row. */
export function failureOf(error: unknown, failures: number): Import['error'] | undefined {
  const isLasting = isDomainError(error) && LASTING.includes(error.code);
  if (!isLasting && failures < MAX_FAILURES) return undefined;
  if (isDomainError(error)) return { reason: error.reason, message: error.message };
  if ((error as { code?: string } | undefined)?.code === 'ENOSPC') {
    return { reason: 'STORAGE_FULL', message: 'the registry has no room for this model; ask its operator for more' };
  }
  return { reason: 'INTERNAL', message: 'the registry could not go on; its log says why, by the id of this import' };
}

export function retryAfterMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}
