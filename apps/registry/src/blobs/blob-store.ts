import { chmod, link, mkdir, open, type FileHandle, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An open blob; whoever opened it closes it. */
export interface OpenBlob {
  readonly handle: FileHandle;
  readonly size: number;
}

/**
 * Blobs by their SHA-256, below `sha256/<first two digits>/`. A blob is there whole or not at all and never changes, so
 * the same content is stored once, whoever brought it.
 */
export class BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  pathOf(sha256: string): string {
    return join(this.#directory, 'sha256', sha256.slice(0, 2), sha256);
  }

  /** @returns undefined when there is no such blob. */
  async open(sha256: string): Promise<OpenBlob | undefined> {
    try {
      const handle = await open(this.pathOf(sha256), 'r');
      return { handle, size: (await handle.stat()).size };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Takes over a synced file that hashes to `sha256`. Repeating it after a crash is safe: it is done when the blob is
   * there and the file is gone.
   */
  async adopt(path: string, sha256: string): Promise<void> {
    const target = this.pathOf(sha256);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    try {
      await link(path, target);
      await chmod(target, 0o400);
    } catch (error) {
      const isDone = codeOf(error) === 'EEXIST' || (codeOf(error) === 'ENOENT' && (await this.#has(sha256)));
      if (!isDone) throw error;
    }
    await syncDirectory(dirname(target));
    await unlink(path).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }

  async #has(sha256: string): Promise<boolean> {
    const blob = await this.open(sha256);
    await blob?.handle.close();
    return blob !== undefined;
  }
}

/** A name in a folder survives a loss of power only once the folder is synced. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
