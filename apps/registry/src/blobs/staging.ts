import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Id, isId } from '@ostro/kernel';
import { StagedFile } from './staged-file.ts';

/** Files kept open and hashed between two uploads to them, so that small portions do not hash a large file again. */
const MAX_IDLE_FILES = 64;

interface Slot {
  readonly importId: Id<'imp'>;
  /** Ends whoever uses the file now. */
  readonly displace: AbortController;
  /** Resolves when the user has let go, with the file if it is still sound. */
  readonly released: Promise<StagedFile | undefined>;
  isIdle: boolean;
}

/**
 * Where bytes wait until they are a whole, verified blob: a folder for each import, a file for each number. A file has
 * one user at a time and the newest wins, because an older one is most often a connection that nobody knows is dead.
 */
export class Staging {
  readonly #directory: string;
  readonly #slots = new Map<string, Slot>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<Staging> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Staging(directory);
  }

  pathOf(importId: Id<'imp'>, index: number): string {
    return join(this.#directory, importId, `${index}.part`);
  }

  async sizeOf(importId: Id<'imp'>, index: number): Promise<number> {
    return (await statOf(this.pathOf(importId, index)))?.size ?? 0;
  }

  /** `displaced` aborts when another user wants the file: let go soon. */
  async use<T>(
    importId: Id<'imp'>,
    index: number,
    work: (file: StagedFile, displaced: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const path = this.pathOf(importId, index);
    const before = this.#slots.get(path);
    const { promise: released, resolve: release } = Promise.withResolvers<StagedFile | undefined>();
    const displace = new AbortController();
    // Deleted first, so that the map's order is the order of last use.
    this.#slots.delete(path);
    const slot = { importId, displace, released, isIdle: false };
    this.#slots.set(path, slot);
    before?.displace.abort();
    let file = await before?.released;
    try {
      file ??= await this.#open(importId, path);
      const result = await work(file, displace.signal);
      release(file);
      return result;
    } catch (error) {
      // What the hash covers is on disk, whoever failed; a file that cannot even be closed is opened anew.
      await file?.close().catch(() => undefined);
      release(undefined);
      throw error;
    } finally {
      slot.isIdle = true;
      await this.#closeOldest();
    }
  }

  async remove(importId: Id<'imp'>): Promise<void> {
    await this.#closeAll(({ importId: owner }) => owner === importId);
    await rm(join(this.#directory, importId), { recursive: true, force: true });
  }

  /** Every import that has bytes here. */
  async imports(): Promise<readonly Id<'imp'>[]> {
    return (await readdir(this.#directory)).filter((name) => isId('imp', name));
  }

  close(): Promise<void> {
    return this.#closeAll(() => true);
  }

  async #open(importId: Id<'imp'>, path: string): Promise<StagedFile> {
    await mkdir(join(this.#directory, importId), { recursive: true, mode: 0o700 });
    return StagedFile.open(path);
  }

  async #closeOldest(): Promise<void> {
    const idle = [...this.#slots.values()].filter(({ isIdle }) => isIdle);
    if (idle.length > MAX_IDLE_FILES) await this.#closeAll((slot) => slot === idle[0]);
  }

  async #closeAll(which: (slot: Slot) => boolean): Promise<void> {
    const closing = [...this.#slots].filter(([, slot]) => which(slot));
    for (const [path, slot] of closing) {
      if (this.#slots.get(path) === slot) this.#slots.delete(path);
      slot.displace.abort();
      await (await slot.released)?.close();
    }
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
