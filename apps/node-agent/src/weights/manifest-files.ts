import { DomainError } from '@ostro/kernel';
import type { registryV1 } from '@ostro/contracts';

/** A stretch of a file with the hash it must have. */
export interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly sha256: Uint8Array;
}

export interface WeightFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
  readonly chunks: readonly Chunk[];
}

const SAFE_PATH = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** @throws DomainError DATA_LOSS (BROKEN_MANIFEST): a manifest whose chunks do not cover its files pulls nothing. */
export function weightFiles(manifest: registryV1.Manifest | undefined): WeightFile[] {
  if (!manifest || manifest.files.length === 0) throw broken('it names no file');
  return manifest.files.map((file) => {
    if (!SAFE_PATH.test(file.path)) throw broken(`the path ${JSON.stringify(file.path)} may leave the cache`);
    const sizeBytes = Number(file.sizeBytes);
    const chunkBytes = Number(file.chunkSizeBytes);
    const count = Math.ceil(sizeBytes / chunkBytes);
    if (sizeBytes === 0 || count !== file.chunkSha256.length) throw broken(`${file.path} is not covered by its chunks`);
    const chunks = file.chunkSha256.map((sha256, at) => ({
      start: at * chunkBytes,
      length: Math.min(chunkBytes, sizeBytes - at * chunkBytes),
      sha256,
    }));
    return { path: file.path, sizeBytes, sha256: file.sha256, chunks };
  });
}

/** The file a GGUF runtime is given: the only one, or the first part of a split model. */
export function mainGguf(files: readonly Pick<WeightFile, 'path'>[]): string {
  const [first] = files
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.gguf'))
    .sort();
  if (first === undefined) throw broken('it holds no GGUF file, which is what llama.cpp reads');
  return first;
}

function broken(why: string): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'BROKEN_MANIFEST',
    `the manifest of this model revision cannot be used: ${why}; import the model again`,
  );
}
