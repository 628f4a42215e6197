import { type ByteSource, MAX_READ_BYTES } from './byte-source.ts';
import { type Rule, refuse } from './rules.ts';

export interface CursorLimits {
  /** Bytes from this offset on do not exist for the cursor. */
  readonly end: number;
  /** The rule for a file that ends earlier than its header says. */
  readonly truncated: Rule;
  /** Bytes asked of the source at a time. */
  readonly windowBytes?: number;
}

/**
 * Walks forward through a source with one window of bytes in memory. `need` is the only call that reads; the getters
 * after it are synchronous, so a vocabulary of a million strings costs one await per window, not per string.
 */
export class ByteCursor {
  readonly end: number;
  position = 0;
  readonly #source: ByteSource;
  readonly #truncated: Rule;
  readonly #windowBytes: number;
  #window: DataView = new DataView(new ArrayBuffer(0));
  #windowStart = 0;

  constructor(source: ByteSource, limits: CursorLimits) {
    this.#source = source;
    this.end = limits.end;
    this.#truncated = limits.truncated;
    this.#windowBytes = limits.windowBytes ?? 131_072;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** True when the next `length` bytes can be taken without reading. */
  has(length: number): boolean {
    const start = this.position - this.#windowStart;
    return start >= 0 && start + length <= this.#window.byteLength;
  }

  /** Makes the next `length` bytes available; `what` names them in the refusal of a file that ends before. */
  async need(length: number, what: string): Promise<void> {
    if (this.has(length)) return;
    if (length > MAX_READ_BYTES) throw new RangeError(`a reader asked for ${length} bytes at once`);
    if (length > this.remaining) this.#refuseTruncated(what);
    const wanted = Math.min(Math.max(length, this.#windowBytes), this.remaining);
    const bytes = await this.#source.read(this.position, wanted);
    if (bytes.length < length) this.#refuseTruncated(what);
    this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#windowStart = this.position;
  }

  u8(): number {
    return this.#window.getUint8(this.#advance(1));
  }

  u32(): number {
    return this.#window.getUint32(this.#advance(4), true);
  }

  /** Saturates to Infinity above 2^53, so that a comparison with any limit stays right. */
  u64(): number {
    const start = this.#advance(8);
    const value = this.#window.getUint32(start, true) + this.#window.getUint32(start + 4, true) * 4_294_967_296;
    return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
  }

  /** The next bytes as a view of the window: valid until the next `need`. */
  view(length: number): DataView {
    const start = this.#advance(length);
    return new DataView(this.#window.buffer, this.#window.byteOffset + start, length);
  }

  bytes(length: number): Uint8Array {
    const view = this.view(length);
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  /** The next bytes as they lie in the window, without taking them. */
  peek(length: number): Uint8Array {
    const start = this.position - this.#windowStart;
    return new Uint8Array(this.#window.buffer, this.#window.byteOffset + start, length);
  }

  /** Passes over bytes without reading them; the caller has checked that they exist. */
  skip(length: number): void {
    this.position += length;
  }

  #advance(length: number): number {
    const start = this.position - this.#windowStart;
    this.position += length;
    return start;
  }

  #refuseTruncated(what: string): never {
    refuse(this.#truncated, `The file ends inside ${what}, at byte ${this.position}`, {
      offset: String(this.position),
    });
  }
}
