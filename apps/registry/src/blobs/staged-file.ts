import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ContentDigests, ContentHasher } from './content-hasher.ts';

const READ_BYTES = 1_048_576;

/**
 * A file that grows at its end while it is hashed. Opened anew after a crash it hashes what is there and goes on: what
 * is on disk is the only truth about how far it got.
 */
export class StagedFile {
  readonly #handle: FileHandle;
  #hasher = new ContentHasher();

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<StagedFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const file = new StagedFile(handle);
    try {
      await file.#hashWhatIsThere();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return file;
  }

  /** Bytes held: where the next ones go. */
  get size(): number {
    return this.#hasher.size;
  }

  /** A failure in the middle leaves fewer bytes than given, never others. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.size);
      this.#hasher.update(bytes.subarray(at, at + bytesWritten));
      at += bytesWritten;
    }
  }

  /** For a source whose content is no longer what we began with. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hasher = new ContentHasher();
  }

  /** Whatever was appended survives a loss of power from here on. */
  async sync(): Promise<ContentDigests> {
    await this.#handle.datasync();
    return this.#hasher.digests();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #hashWhatIsThere(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.size);
      if (bytesRead === 0) return;
      this.#hasher.update(buffer.subarray(0, bytesRead));
    }
  }
}
