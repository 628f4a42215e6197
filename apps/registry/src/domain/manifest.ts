import { DomainError } from '@ostro/kernel';

/** Every chunk but a file's last has this size; chunks are what a reader checks before it uses bytes. */
export const CHUNK_SIZE_BYTES = 67_108_864;

/** Bounds what one revision's event, answer and verification may cost: its chunk digests still fit into one event. */
export const MAX_MODEL_BYTES = 1_099_511_627_776;

export interface ManifestFile {
  /** Below the model's root, with "/" and without "..". */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex, as are all digests here. */
  readonly sha256: string;
  readonly chunkSizeBytes: number;
  readonly chunkSha256: readonly string[];
}

/** The files of a revision. Their order means nothing. */
export interface Manifest {
  readonly files: readonly ManifestFile[];
  /** Null where the model brings no chat template. */
  readonly chatTemplateSha256: string | null;
}

/**
 * The bytes whose SHA-256 is the revision's digest, in UTF-8. Lines end in "\n"; digests are lower-case hex, numbers
 * decimal without leading zeros; files follow each other by the UTF-8 bytes of their path:
 *
 *     ostro.manifest.v1
 *     chat-template <sha256, or "-" for none>
 *     file <size> <sha256> <chunk size> <path as a JSON string>
 *     chunk <sha256>
 *
 * with one `chunk` line for each chunk of the file above it. A path that JSON quotes holds no line break, so nothing in
 * it can be taken for a line of its own: two manifests have the same form only if they are the same.
 */
export function canonicalForm({ files, chatTemplateSha256 }: Manifest): string {
  const lines = ['ostro.manifest.v1', `chat-template ${chatTemplateSha256 ?? '-'}`];
  for (const file of [...files].sort(byPath)) {
    lines.push(`file ${file.sizeBytes} ${file.sha256} ${file.chunkSizeBytes} ${JSON.stringify(file.path)}`);
    for (const chunk of file.chunkSha256) lines.push(`chunk ${chunk}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Bytes decide, since `<` would order by UTF-16 units, which is another order beyond the basic plane. */
function byPath(a: ManifestFile, b: ManifestFile): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `sha256:<64 hex>`: how revisions and blobs are called. */
export type Digest = `sha256:${string}`;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_DIGEST) */
export function parseDigest(text: string, field: string): Digest {
  if (isDigest(text)) return text;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_DIGEST', `${field} must be "sha256:" and 64 hex digits`, {
    details: { field },
  });
}
