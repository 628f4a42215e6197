import { DomainError } from '@ostro/kernel';
import type { ImportedFile } from './import.ts';

/** @throws DomainError FAILED_PRECONDITION (UPLOAD_INCOMPLETE) for the first file that lacks bytes. */
export function assertComplete(files: readonly ImportedFile[], received: readonly number[]): void {
  const index = files.findIndex(({ sizeBytes }, at) => received[at] !== sizeBytes);
  if (index === -1) return;
  const { path, sizeBytes } = files[index]!;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'UPLOAD_INCOMPLETE',
    `${path} has ${received[index]} of ${sizeBytes} bytes; send the rest, then complete the upload`,
    { details: { path, received_bytes: String(received[index]), size_bytes: String(sizeBytes) } },
  );
}
