import { DomainError } from '@ostro/kernel';

/** What a file system answers when it takes no more, for whatever reason of its own. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);

export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function isFull(error: unknown): boolean {
  return FULL.has(errnoOf(error) ?? '');
}

export function spoolFull(dir: string, why: string, cause?: unknown): DomainError {
  return new DomainError(
    'RESOURCE_EXHAUSTED',
    'SPOOL_FULL',
    `the spool in ${dir} takes no more records (${why}): free disk space, or let settled records be trimmed`,
    { details: { dir, why }, cause },
  );
}

export function syncFailed(dir: string, cause: unknown): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    'SPOOL_SYNC_FAILED',
    `records in ${dir} were written but the disk did not confirm them: check the disk; a new segment is used from here`,
    { details: { dir, errno: errnoOf(cause) ?? '' }, cause },
  );
}

export function truncateFailed(path: string, cause: unknown): DomainError {
  return new DomainError(
    'INTERNAL',
    'SPOOL_TRUNCATE_FAILED',
    `a cut-short record could not be taken back from ${path}: the next record overwrites it; check the disk`,
    { details: { path }, cause },
  );
}

export function formatUnknown(
  path: string,
  found: { layout: number; format: number },
  readable: readonly number[],
): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'SPOOL_FORMAT_UNKNOWN',
    `${path} has format ${found.format} (layout ${found.layout}); this version reads ${readable.join(' and ')}: ` +
      'start the version that wrote it, let it drain, then change versions',
    { details: { path, format: String(found.format), layout: String(found.layout) } },
  );
}

export function damaged(path: string, range: { offset: number; bytes: number }, cause?: unknown): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'SPOOL_DAMAGED',
    `${range.bytes} bytes of ${path} from ${range.offset} on are no records: kept beside it as .bad; check the disk`,
    { details: { path, offset: String(range.offset), bytes: String(range.bytes) }, cause },
  );
}

export function tornTail(path: string, bytes: number): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'SPOOL_TORN_TAIL',
    `the last write to ${path} was cut short: ${bytes} bytes are removed; nothing to do unless the disk is failing`,
    { details: { path, bytes: String(bytes) } },
  );
}

export function quarantineFailed(path: string, cause: unknown): DomainError {
  return new DomainError(
    'INTERNAL',
    'SPOOL_QUARANTINE_FAILED',
    `damaged bytes could not be copied to ${path}: they stay in their segment until it is trimmed; free disk space`,
    { details: { path }, cause },
  );
}

export function invalid(reason: string, message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', reason, message);
}
