import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError, isDomainError } from '@ostro/kernel';
import type { BlobClient } from './blob-client.ts';
import type { Chunk, WeightFile } from './manifest-files.ts';

const PARALLEL = 2;
/** How often a chunk is fetched when what arrives is not what the manifest promises. */
const TRIES = 3;

export interface PullOptions {
  readonly blobs: BlobClient;
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Called with verified bytes, those found from an earlier try included. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fetches a file chunk by chunk into `directory`. Chunks of an earlier try that verify are kept; the file counts only
 * once all of it has the hash of the manifest.
 *
 * @throws DomainError as BlobClient; DATA_LOSS (WEIGHTS_MISMATCH)
 */
export async function pullFile(file: WeightFile, options: PullOptions): Promise<void> {
  const path = join(options.directory, file.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await openForUpdate(path);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  try {
    const queue = file.chunks[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const chunk of queue) await pullChunk(handle, file, chunk, { ...options, signal });
    };
    const workers = Array.from({ length: PARALLEL }, () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    const failure = (await Promise.allSettled(workers)).find((worker) => worker.status === 'rejected');
    if (failure) throw failed.signal.reason ?? failure.reason;
    await handle.truncate(file.sizeBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!(await hasHash(path, file))) throw mismatch(file.path);
}

/** Whether a file on disk is, byte for byte, the one of the manifest. */
export async function hasHash(path: string, file: WeightFile): Promise<boolean> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return false;
  const hash = createHash('sha256');
  for await (const bytes of handle.createReadStream({ highWaterMark: 1024 * 1024 })) hash.update(bytes as Buffer);
  return hash.digest().equals(file.sha256);
}

async function pullChunk(handle: FileHandle, file: WeightFile, chunk: Chunk, options: PullOptions): Promise<void> {
  options.signal.throwIfAborted();
  if (await isWritten(handle, chunk)) return options.onBytes(chunk.length);
  for (let tries = 1; ; tries++) {
    try {
      await fetchChunk(handle, file, chunk, options);
      return options.onBytes(chunk.length);
    } catch (error) {
      if (!isDomainError(error) || error.code !== 'DATA_LOSS' || tries === TRIES) throw error;
    }
  }
}

async function fetchChunk(handle: FileHandle, file: WeightFile, chunk: Chunk, options: PullOptions): Promise<void> {
  const hash = createHash('sha256');
  let position = chunk.start;
  for await (const bytes of options.blobs.read(file.sha256, chunk, options.signal)) {
    hash.update(bytes);
    await handle.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  }
  if (!hash.digest().equals(chunk.sha256)) throw mismatch(`${file.path} at byte ${chunk.start}`);
}

async function isWritten(handle: FileHandle, chunk: Chunk): Promise<boolean> {
  const { size } = await handle.stat();
  if (size < chunk.start + chunk.length) return false;
  const hash = createHash('sha256');
  const end = chunk.start + chunk.length - 1;
  const stream = handle.createReadStream({ start: chunk.start, end, autoClose: false, highWaterMark: 1024 * 1024 });
  for await (const bytes of stream) hash.update(bytes as Buffer);
  return hash.digest().equals(chunk.sha256);
}

async function openForUpdate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+', 0o600);
  }
}

function mismatch(what: string): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'WEIGHTS_MISMATCH',
    `${what} does not have the hash of the manifest and is not used; import the model again if this goes on`,
  );
}
