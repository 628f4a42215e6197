import { crc32 } from 'node:zlib';

/**
 * Byte layout of a segment, little endian. The first 16 bytes (the prelude) stay as they are for ever: a reader of
 * any version can tell "too new for me" from "damaged". Offsets are documented in the README.
 */
const MAGIC = Buffer.from('OSTROSPL', 'latin1');
const PRELUDE_BYTES = 16;
const INCARNATION_BYTES = 40;
const HEADER_CRC_AT = 72;

/** The layout of header and records; the caller's own number for its payloads is `format`. */
export const LAYOUT = 1;
export const HEADER_BYTES = 76;
export const RECORD_OVERHEAD_BYTES = 17;

export interface SegmentHeader {
  readonly layout: number;
  readonly format: number;
  readonly firstSequence: bigint;
  readonly createdAtMs: number;
  readonly incarnation: string;
  /** Seeds the checksum of every record, so that bytes of another segment never pass for a record of this one. */
  readonly crc: number;
}

export type ParsedHeader =
  { readonly state: 'valid'; readonly header: SegmentHeader } | { readonly state: 'damaged' } | UnknownFormat;

interface UnknownFormat {
  readonly state: 'unknown';
  readonly layout: number;
  readonly format: number;
}

export interface SegmentRecord {
  readonly offset: number;
  readonly kind: number;
  readonly sequence: bigint;
  readonly payload: Buffer;
}

export function encodeHeader(header: Omit<SegmentHeader, 'crc' | 'layout'>): { bytes: Buffer; crc: number } {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(LAYOUT, 8);
  bytes.writeUInt16LE(header.format, 10);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  bytes.writeBigUInt64LE(header.firstSequence, 16);
  bytes.writeBigUInt64LE(BigInt(header.createdAtMs), 24);
  bytes.write(header.incarnation, 32, INCARNATION_BYTES, 'latin1');
  const crc = crc32(bytes.subarray(0, HEADER_CRC_AT));
  bytes.writeUInt32LE(crc, HEADER_CRC_AT);
  return { bytes, crc };
}

/** Total: bytes that are no header are `damaged`, never an exception. */
export function parseHeader(bytes: Buffer, readableFormats: readonly number[]): ParsedHeader {
  if (bytes.length < PRELUDE_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return { state: 'damaged' };
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(0, 12))) return { state: 'damaged' };
  const layout = bytes.readUInt16LE(8);
  const format = bytes.readUInt16LE(10);
  if (layout !== LAYOUT || !readableFormats.includes(format)) return { state: 'unknown', layout, format };
  if (bytes.length < HEADER_BYTES) return { state: 'damaged' };
  const crc = bytes.readUInt32LE(HEADER_CRC_AT);
  if (crc !== crc32(bytes.subarray(0, HEADER_CRC_AT))) return { state: 'damaged' };
  const incarnation = bytes.toString('latin1', 32, 32 + INCARNATION_BYTES).replace(/\0+$/, '');
  const firstSequence = bytes.readBigUInt64LE(16);
  const createdAtMs = Number(bytes.readBigUInt64LE(24));
  return { state: 'valid', header: { layout, format, firstSequence, createdAtMs, incarnation, crc } };
}

export function isIncarnation(text: string): boolean {
  return /^[\x21-\x7e]{1,40}$/.test(text);
}

/** Writes one record at the start of `target` and returns its length. `offset` is where it will lie in the segment. */
export function encodeRecord(
  target: Buffer,
  record: { headerCrc: number; offset: number; kind: number; sequence: bigint; payload: Uint8Array },
): number {
  const length = RECORD_OVERHEAD_BYTES + record.payload.length;
  target.writeUInt32LE(record.payload.length, 0);
  target.writeUInt8(record.kind, 8);
  target.writeBigUInt64LE(record.sequence, 9);
  target.set(record.payload, RECORD_OVERHEAD_BYTES);
  target.writeUInt32LE(checksum(target, 0, length, seedOf(record.headerCrc, record.offset)), 4);
  return length;
}

/** The record that starts at `offset`, if its checksum says that it was written there. */
export function recordAt(bytes: Buffer, offset: number, headerCrc: number): SegmentRecord | undefined {
  if (offset + RECORD_OVERHEAD_BYTES > bytes.length) return undefined;
  const end = offset + RECORD_OVERHEAD_BYTES + bytes.readUInt32LE(offset);
  if (end > bytes.length) return undefined;
  if (bytes.readUInt32LE(offset + 4) !== checksum(bytes, offset, end, seedOf(headerCrc, offset))) return undefined;
  return {
    offset,
    kind: bytes.readUInt8(offset + 8),
    sequence: bytes.readBigUInt64LE(offset + 9),
    payload: bytes.subarray(offset + RECORD_OVERHEAD_BYTES, end),
  };
}

export function sequenceAt(bytes: Buffer, offset: number): bigint {
  return bytes.readBigUInt64LE(offset + 9);
}

/** A record copied elsewhere (into a payload, say) has another seed, and a CRC tells any two seeds apart. */
function seedOf(headerCrc: number, offset: number): number {
  return (headerCrc ^ offset) >>> 0;
}

function checksum(bytes: Buffer, start: number, end: number, seed: number): number {
  return crc32(bytes.subarray(start + 8, end), crc32(bytes.subarray(start, start + 4), seed));
}
