import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, DomainError } from '@ostro/kernel';
import type { BlobClient } from './blob-client.ts';
import type { WeightFile } from './manifest-files.ts';
import { makeRoom } from './domain/room.ts';
import { hasHash, pullFile } from './pull.ts';

const FORMAT = 1;
const MARKER = '.complete.json';
const PARTIAL = '.partial';

/** Written last: a revision without it is not whole. */
interface Marker {
  readonly format: typeof FORMAT;
  readonly digest: string;
  readonly bytes: number;
  readonly lastUsedMs: number;
}

export interface PullRequest {
  readonly digest: string;
  readonly files: readonly WeightFile[];
  readonly blobs: BlobClient;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Model revisions on this node's disk, by digest. What is here under its final name was whole and verified; room is
 * reserved before a byte is fetched, and a revision in use never makes way for another.
 */
export class WeightCache {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #isPinned: (digest: string) => boolean;
  readonly #whole = new Map<string, Marker>();
  /** Bytes that pulls under way still have to write. */
  readonly #reserved = new Map<string, number>();
  readonly #pulls = new Map<string, Promise<void>>();

  private constructor(dir: string, clock: Clock, isPinned: (digest: string) => boolean) {
    this.#dir = dir;
    this.#clock = clock;
    this.#isPinned = isPinned;
  }

  static async open(dir: string, clock: Clock, isPinned: (digest: string) => boolean): Promise<WeightCache> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const cache = new WeightCache(dir, clock, isPinned);
    for (const name of await readdir(dir)) {
      const marker = await readMarker(join(dir, name, MARKER));
      if (marker && name === hexOf(marker.digest)) cache.#whole.set(marker.digest, marker);
      const abandoned = name.endsWith(PARTIAL) && !isPinned(`sha256:${name.slice(0, -PARTIAL.length)}`);
      if (abandoned) await rm(join(dir, name), { recursive: true });
    }
    return cache;
  }

  /** Digests of revisions that are whole. */
  get digests(): string[] {
    return [...this.#whole.keys()].sort();
  }

  directoryOf(digest: string): string {
    return join(this.#dir, hexOf(digest));
  }

  /** Whether all files are here in their sizes; a revision that lost one is forgotten. */
  async has(digest: string, files: readonly WeightFile[]): Promise<boolean> {
    const marker = this.#whole.get(digest);
    if (!marker) return false;
    const sizes = await Promise.all(files.map(({ path }) => sizeOf(join(this.directoryOf(digest), path))));
    if (files.every(({ sizeBytes }, at) => sizes[at] === sizeBytes)) {
      await this.#mark({ ...marker, lastUsedMs: this.#clock.now().getTime() });
      return true;
    }
    await this.remove(digest);
    return false;
  }

  /** Reads every file again; a revision that is not what it was is removed, so that it is pulled anew. */
  async verify(digest: string, files: readonly WeightFile[]): Promise<boolean> {
    for (const file of files) {
      if (await hasHash(join(this.directoryOf(digest), file.path), file)) continue;
      await this.remove(digest);
      return false;
    }
    return true;
  }

  /**
   * Replicas that need the same revision share one pull. What arrived before a failure is kept for the next try.
   *
   * @throws DomainError RESOURCE_EXHAUSTED (WEIGHT_CACHE_FULL), or as pullFile does
   */
  async pull(request: PullRequest): Promise<void> {
    for (let running = this.#pulls.get(request.digest); running; running = this.#pulls.get(request.digest)) {
      // Its failure is told to whoever began it; here it only means: our turn.
      await running.catch(() => undefined);
      if (this.#whole.has(request.digest)) return;
    }
    const pull = this.#pull(request).finally(() => this.#pulls.delete(request.digest));
    this.#pulls.set(request.digest, pull);
    await pull;
  }

  async #pull(request: PullRequest): Promise<void> {
    const { digest, files } = request;
    const partial = this.directoryOf(digest) + PARTIAL;
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const present = await Promise.all(files.map(({ path }) => sizeOf(join(partial, path))));
    await this.#reserve(digest, Math.max(0, bytes - present.reduce<number>((sum, size) => sum + (size ?? 0), 0)));
    try {
      const onBytes = (verified: number): void => {
        this.#reserved.set(digest, Math.max(0, (this.#reserved.get(digest) ?? 0) - verified));
        request.onBytes(verified);
      };
      for (const file of files) await pullFile(file, { ...request, directory: partial, onBytes });
      await rm(this.directoryOf(digest), { recursive: true, force: true });
      await rename(partial, this.directoryOf(digest));
      await this.#mark({ format: FORMAT, digest, bytes, lastUsedMs: this.#clock.now().getTime() });
    } finally {
      this.#reserved.delete(digest);
    }
  }

  async remove(digest: string): Promise<void> {
    this.#whole.delete(digest);
    // The marker goes first: an agent killed in between must not take the rest for whole.
    await rm(join(this.directoryOf(digest), MARKER), { force: true });
    await rm(this.directoryOf(digest), { recursive: true, force: true });
  }

  async #reserve(digest: string, bytes: number): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#dir);
    const reserved = [...this.#reserved.values()].reduce((sum, part) => sum + part, 0);
    const room = makeRoom(
      BigInt(bytes),
      {
        freeBytes: BigInt(bavail) * BigInt(bsize),
        totalBytes: BigInt(blocks) * BigInt(bsize),
        reservedBytes: BigInt(reserved),
      },
      [...this.#whole.values()].map((one) => ({
        ...one,
        bytes: BigInt(one.bytes),
        isPinned: this.#isPinned(one.digest),
      })),
    );
    if (!room.fits) {
      throw new DomainError(
        'RESOURCE_EXHAUSTED',
        'WEIGHT_CACHE_FULL',
        `${room.missingBytes} bytes are missing on the disk of ${this.#dir} for ${digest}, with 5 % kept free and nothing unused left to evict; free some space`,
      );
    }
    this.#reserved.set(digest, bytes);
    for (const evicted of room.evict) await this.remove(evicted);
  }

  async #mark(marker: Marker): Promise<void> {
    const path = join(this.directoryOf(marker.digest), MARKER);
    await writeFile(`${path}.draft`, JSON.stringify(marker), { mode: 0o600, flush: true });
    await rename(`${path}.draft`, path);
    this.#whole.set(marker.digest, marker);
  }
}

function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_DIGEST', `${digest} is not a digest of the form sha256:<64 hex>`);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readMarker(path: string): Promise<Marker | undefined> {
  try {
    const marker = JSON.parse(await readFile(path, 'utf8')) as Partial<Marker>;
    return marker.format === FORMAT && typeof marker.digest === 'string' ? (marker as Marker) : undefined;
  } catch {
    // Not there, cut short or of another format: not whole, so it is pulled again.
    return undefined;
  }
}
