import { DomainError } from '@ostro/kernel';

/** The command line itself is wrong; the message says how to write it. */
export function usageError(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'USAGE', message);
}
