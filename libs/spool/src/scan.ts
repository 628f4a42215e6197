import { HEADER_BYTES, RECORD_OVERHEAD_BYTES, recordAt, sequenceAt } from './format.ts';
import type { SegmentHeader, SegmentRecord } from './format.ts';

/** Bytes that are no record. `isTail`: no record follows, as after a write that was cut short. */
export interface Damage {
  readonly offset: number;
  readonly bytes: number;
  readonly isTail: boolean;
}

export type Found =
  { readonly type: 'record'; readonly record: SegmentRecord } | { readonly type: 'damage'; readonly damage: Damage };

/**
 * Every record of a segment in order, and the ranges between them that are damaged. Total: any bytes give an answer,
 * and a record that was not written there is never among them (checksum seeded by segment and offset, and a sequence
 * that fits the gap).
 */
export function* scan(bytes: Buffer, header: SegmentHeader): Generator<Found> {
  let offset = HEADER_BYTES;
  let last = header.firstSequence - 1n;
  while (offset < bytes.length) {
    const record = nextRecord(bytes, { from: offset, headerCrc: header.crc, last });
    const end = record?.offset ?? bytes.length;
    if (end > offset) {
      yield { type: 'damage', damage: { offset, bytes: end - offset, isTail: record === undefined } };
    }
    if (record === undefined) return;
    yield { type: 'record', record };
    last = record.sequence;
    offset = record.offset + RECORD_OVERHEAD_BYTES + record.payload.length;
  }
}

function nextRecord(
  bytes: Buffer,
  { from, headerCrc, last }: { from: number; headerCrc: number; last: bigint },
): SegmentRecord | undefined {
  for (let offset = from; offset + RECORD_OVERHEAD_BYTES <= bytes.length; offset += 1) {
    // No more records can be missing than fit into the gap; checked first because it is cheap and rules out nearly all.
    const missing = sequenceAt(bytes, offset) - last - 1n;
    if (missing < 0n || missing > BigInt(Math.floor((offset - from) / RECORD_OVERHEAD_BYTES))) continue;
    const record = recordAt(bytes, offset, headerCrc);
    if (record !== undefined) return record;
  }
  return undefined;
}
