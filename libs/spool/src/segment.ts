import { closeSync, fdatasync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeHeader, encodeRecord, HEADER_BYTES, RECORD_OVERHEAD_BYTES } from './format.ts';

const fdatasyncAsync = promisify(fdatasync);

/** What is known of a segment without reading it. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly incarnation: string;
  readonly format: number;
  readonly firstSequence: bigint;
  /** `firstSequence - 1` while there is no record. */
  lastSequence: bigint;
  records: number;
  bytes: number;
}

export function segmentPath(dir: string, number: number): string {
  return join(dir, `${String(number).padStart(12, '0')}.spool`);
}

export function segmentNumber(fileName: string): number | undefined {
  return /^\d{12}\.spool$/.test(fileName) ? Number.parseInt(fileName, 10) : undefined;
}

/** Appends to one segment. A record is in it whole or not at all, and a failed write changes nothing. */
export class SegmentWriter {
  readonly segment: Segment;
  readonly #fd: number;
  readonly #headerCrc: number;
  readonly #onTruncateFailed: (cause: unknown) => void;
  #scratch = Buffer.allocUnsafe(4_096);

  private constructor(segment: Segment, fd: number, headerCrc: number, onTruncateFailed: (cause: unknown) => void) {
    this.segment = segment;
    this.#fd = fd;
    this.#headerCrc = headerCrc;
    this.#onTruncateFailed = onTruncateFailed;
  }

  static create(
    dir: string,
    about: { number: number; incarnation: string; format: number; firstSequence: bigint; createdAtMs: number },
    onTruncateFailed: (path: string, cause: unknown) => void,
  ): SegmentWriter {
    const { number, incarnation, format, firstSequence } = about;
    const path = segmentPath(dir, number);
    const { bytes, crc } = encodeHeader(about);
    const fd = openSync(path, 'wx', 0o600);
    try {
      writeFully(fd, bytes, bytes.length, 0);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
    const lastSequence = firstSequence - 1n;
    const segment = { number, path, incarnation, format, firstSequence, lastSequence, records: 0, bytes: HEADER_BYTES };
    return new SegmentWriter(segment, fd, crc, (cause) => onTruncateFailed(path, cause));
  }

  /** The record is with the operating system when this returns: the end of the process does not lose it. */
  append(kind: number, sequence: bigint, payload: Uint8Array): void {
    const offset = this.segment.bytes;
    if (this.#scratch.length < RECORD_OVERHEAD_BYTES + payload.length) {
      this.#scratch = Buffer.allocUnsafe(2 * (RECORD_OVERHEAD_BYTES + payload.length));
    }
    const record = { headerCrc: this.#headerCrc, offset, kind, sequence, payload };
    const length = encodeRecord(this.#scratch, record);
    try {
      writeFully(this.#fd, this.#scratch, length, offset);
    } catch (error) {
      this.#takeBack(offset);
      throw error;
    }
    this.segment.bytes += length;
    this.segment.records += 1;
    this.segment.lastSequence = sequence;
  }

  sync(): Promise<void> {
    return fdatasyncAsync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Writes go to explicit offsets, so a partial record that stays is overwritten by the next one. */
  #takeBack(offset: number): void {
    try {
      ftruncateSync(this.#fd, offset);
    } catch (cause) {
      this.#onTruncateFailed(cause);
    }
  }
}

function writeFully(fd: number, bytes: Buffer, length: number, position: number): void {
  for (let done = 0; done < length;) done += writeSync(fd, bytes, done, length - done, position + done);
}
