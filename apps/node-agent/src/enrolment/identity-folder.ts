import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDomainError } from '@ostro/kernel';
import { loadTlsIdentity, saveTlsIdentity, type TlsIdentity } from '@ostro/pki';

/**
 * Keeps the node's identity. Each one has a folder of its own and the newest whole one counts, so that an agent killed
 * while it writes a new certificate still has the old one with its key.
 */
export class IdentityFolder {
  readonly #dir: string;

  constructor(dataDir: string) {
    this.#dir = join(dataDir, 'identity');
  }

  async load(): Promise<TlsIdentity | undefined> {
    for (const number of await this.#numbers()) {
      const identity = await loadWhole(join(this.#dir, `${number}`));
      if (identity) return identity;
    }
    return undefined;
  }

  async save(identity: TlsIdentity): Promise<void> {
    const older = await this.#numbers();
    await saveTlsIdentity(join(this.#dir, `${(older[0] ?? 0) + 1}`), identity);
    await Promise.all(older.map((number) => rm(join(this.#dir, `${number}`), { recursive: true })));
  }

  /** Newest first. */
  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => b - a);
  }
}

async function loadWhole(dir: string): Promise<TlsIdentity | undefined> {
  try {
    return await loadTlsIdentity(dir);
  } catch (error) {
    if (isDomainError(error) && error.code === 'FAILED_PRECONDITION') return undefined;
    throw error;
  }
}
