import { createHash, type Hash } from 'node:crypto';
import { CHUNK_SIZE_BYTES } from '../domain/manifest.ts';

export interface ContentDigests {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly chunkSha256: readonly string[];
}

/** Hashes a file as a whole and in chunks, in one pass over bytes of any portion size. */
export class ContentHasher {
  readonly #whole = createHash('sha256');
  readonly #chunks: string[] = [];
  readonly #chunkSize: number;
  #chunk: Hash = createHash('sha256');
  #size = 0;

  constructor(chunkSize = CHUNK_SIZE_BYTES) {
    this.#chunkSize = chunkSize;
  }

  /** Bytes hashed so far. */
  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#whole.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const room = this.#chunkSize - (this.#size % this.#chunkSize);
      const part = bytes.subarray(at, at + room);
      this.#chunk.update(part);
      this.#size += part.length;
      at += part.length;
      if (part.length === room) {
        this.#chunks.push(this.#chunk.digest('hex'));
        this.#chunk = createHash('sha256');
      }
    }
  }

  /** Of everything so far; more may follow. */
  digests(): ContentDigests {
    const isMidChunk = this.#size % this.#chunkSize !== 0;
    const chunkSha256 = isMidChunk ? [...this.#chunks, this.#chunk.copy().digest('hex')] : [...this.#chunks];
    return { sizeBytes: this.#size, sha256: this.#whole.copy().digest('hex'), chunkSha256 };
  }
}
