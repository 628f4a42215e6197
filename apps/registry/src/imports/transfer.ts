import { DomainError } from '@ostro/kernel';
import type { StagedFile } from '../blobs/staged-file.ts';
import type { ImportedFile } from '../domain/import.ts';
import { MAX_MODEL_BYTES } from '../domain/manifest.ts';
import type { ContentSource } from '../sources/content-source.ts';

export interface TransferObserver {
  /** What the source said about the file; kept before the first byte, so that a successor resumes the same content. */
  described(file: ImportedFile): Promise<void>;
  received(bytes: number): void;
}

export interface TransferLimits {
  readonly observer: TransferObserver;
  /** What may still come, of this file and all after it. */
  readonly roomBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Brings a file from where it stands to its end, and returns what is known about it then. It may be broken off
 * anywhere and called again, by anybody: the staged file says how far it is, the validator of what.
 *
 * @throws DomainError DATA_LOSS (SIZE_MISMATCH, DIGEST_MISMATCH) when what arrived is not what was promised; UNAVAILABLE
 * (SOURCE_ENDED_EARLY) when there is more to come.
 */
export async function transfer(
  source: ContentSource,
  file: ImportedFile,
  staged: StagedFile,
  limits: TransferLimits,
): Promise<ImportedFile> {
  const isWhole = file.sizeBytes !== null && staged.size === file.sizeBytes;
  const described = isWhole ? file : await receive(source, file, staged, limits);
  const { sizeBytes, sha256, chunkSha256 } = await staged.sync();
  const whole = { ...described, sizeBytes, sha256, chunkSha256 };
  const wanted = described.expectedSha256;
  if (wanted === null || wanted === sha256) return whole;
  throw new DomainError(
    'DATA_LOSS',
    'DIGEST_MISMATCH',
    `${file.path} hashes to ${sha256}, not to ${wanted}; check the expected digest, or the source`,
    { details: { path: file.path, expected: wanted, actual: sha256 } },
  );
}

async function receive(
  source: ContentSource,
  file: ImportedFile,
  staged: StagedFile,
  { observer, roomBytes, signal }: TransferLimits,
): Promise<ImportedFile> {
  const content = await source.open(file, staged.size, signal);
  if (content.startsAt !== staged.size) await staged.restart();
  const described = {
    ...file,
    sizeBytes: content.sizeBytes ?? file.sizeBytes,
    validator: content.validator,
  };
  await observer.described(described);
  const limit = described.sizeBytes ?? roomBytes;
  if (limit > roomBytes) throw tooLarge(file.path);
  for await (const bytes of content.bytes) {
    signal.throwIfAborted();
    if (staged.size + bytes.length > limit) throw sizeMismatch(file.path, limit);
    await staged.append(bytes);
    observer.received(bytes.length);
  }
  if (described.sizeBytes !== null && staged.size < described.sizeBytes) throw endedEarly(file.path, staged.size);
  return described;
}

function sizeMismatch(path: string, limit: number): DomainError {
  return new DomainError('DATA_LOSS', 'SIZE_MISMATCH', `${path} has more than the ${limit} bytes that were promised`, {
    details: { path, size_bytes: String(limit) },
  });
}

function tooLarge(path: string): DomainError {
  const message = `with ${path} the model is larger than ${MAX_MODEL_BYTES} bytes, which is the most a revision holds`;
  return new DomainError('OUT_OF_RANGE', 'MODEL_TOO_LARGE', message, { details: { path } });
}

function endedEarly(path: string, size: number): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    'SOURCE_ENDED_EARLY',
    `the source stopped sending ${path} after ${size} bytes`,
    {
      details: { path },
    },
  );
}
