/**
 * Random access to the bytes of one file. The readers of this library ask for at most `MAX_READ_BYTES` at once and
 * never past `size`; a source answers with exactly the bytes asked for, or fewer when it turns out to end earlier.
 */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The largest single read any reader makes, whatever a file says about itself. */
export const MAX_READ_BYTES = 1_048_576;

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
