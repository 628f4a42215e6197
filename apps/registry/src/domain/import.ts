import { DomainError, type Id } from '@ostro/kernel';
import type { Digest } from './manifest.ts';
import type { ImportSource } from './source.ts';

export type ImportState = 'awaiting_upload' | 'transferring' | 'verifying' | 'published' | 'failed' | 'cancelled';

/** Brings bytes in and ends as a revision, or says why not. */
export interface Import {
  readonly id: Id<'imp'>;
  readonly organizationId: Id<'org'>;
  readonly modelName: string;
  readonly alias: string;
  readonly source: ImportSource;
  readonly state: ImportState;
  readonly files: readonly ImportedFile[];
  readonly receivedBytes: number;
  /** 0 while nobody knows. */
  readonly totalBytes: number;
  readonly digest: Digest | null;
  readonly error: { readonly reason: string; readonly message: string } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A file of an import. Its place in the list names it on disk, so the list only grows. */
export interface ImportedFile {
  readonly path: string;
  /** Null until the source has said it. */
  readonly sizeBytes: number | null;
  /** Where its source keeps it; null where the path says it all. */
  readonly location: string | null;
  /** What the bytes must hash to; null: the source promises nothing. */
  readonly expectedSha256: string | null;
  /** The source's mark of the version we began with (an ETag): bytes of another version never join it. */
  readonly validator: string | null;
  /** Digests of the whole file and its chunks, once all bytes are here. */
  readonly sha256: string | null;
  readonly chunkSha256: readonly string[];
}

/** What may follow what. An import that ended stays as it ended. */
const NEXT: Readonly<Record<ImportState, readonly ImportState[]>> = {
  awaiting_upload: ['verifying', 'failed', 'cancelled'],
  transferring: ['verifying', 'failed', 'cancelled'],
  verifying: ['published', 'failed', 'cancelled'],
  published: [],
  failed: [],
  cancelled: [],
};

/** States that need a reconciler. */
export const WORKED_STATES = ['transferring', 'verifying'] as const satisfies readonly ImportState[];

export function hasEnded({ state }: Pick<Import, 'state'>): boolean {
  return NEXT[state].length === 0;
}

export function firstState(source: ImportSource): ImportState {
  return source.kind === 'upload' ? 'awaiting_upload' : 'transferring';
}

/** @throws DomainError FAILED_PRECONDITION (IMPORT_ENDED, IMPORT_NOT_THERE_YET) */
export function assertMayBecome(current: Pick<Import, 'id' | 'state'>, next: ImportState): void {
  if (NEXT[current.state].includes(next)) return;
  const details = { import_id: current.id, state: current.state };
  if (hasEnded(current)) {
    const message = `import ${current.id} ended as ${current.state}; start a new one`;
    throw new DomainError('FAILED_PRECONDITION', 'IMPORT_ENDED', message, { details });
  }
  const message = `import ${current.id} is ${current.state} and cannot become ${next}; watch it until it can`;
  throw new DomainError('FAILED_PRECONDITION', 'IMPORT_NOT_THERE_YET', message, { details });
}

/** A file about which only its path is known. */
export function fileToImport(path: string, known: Partial<ImportedFile> = {}): ImportedFile {
  return {
    path,
    sizeBytes: null,
    location: null,
    expectedSha256: null,
    validator: null,
    sha256: null,
    chunkSha256: [],
    ...known,
  };
}
