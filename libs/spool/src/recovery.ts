import { open, readdir, readFile, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import type { DomainError } from '@ostro/kernel';
import { damaged, errnoOf, formatUnknown, quarantineFailed, tornTail } from './failures.ts';
import { HEADER_BYTES, parseHeader } from './format.ts';
import type { SegmentHeader } from './format.ts';
import { scan } from './scan.ts';
import type { Damage } from './scan.ts';
import { segmentNumber, segmentPath } from './segment.ts';
import type { Segment } from './segment.ts';

export interface QuarantinedRange {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
}

/** What an open found on disk. */
export interface RecoveryReport {
  readonly records: number;
  /** Removed from the end of the last segment: a write that was cut short. */
  readonly tornBytes: number;
  readonly quarantined: readonly QuarantinedRange[];
}

export interface Recovered {
  readonly segments: Segment[];
  readonly nextNumber: number;
  readonly report: RecoveryReport;
}

/**
 * Reads every segment and checks every record. The torn tail of the last segment is cut off; any other damage is
 * copied beside its segment as `.bad`, reported, and passed over.
 * @throws DomainError FAILED_PRECONDITION (SPOOL_FORMAT_UNKNOWN) before anything is changed.
 */
export async function recover(
  dir: string,
  readableFormats: readonly number[],
  onError: (error: DomainError) => void,
): Promise<Recovered> {
  const numbers = (await readdir(dir)).map(segmentNumber).filter((number) => number !== undefined);
  numbers.sort((a, b) => a - b);
  for (const number of numbers) await refuseUnknownFormat(segmentPath(dir, number), readableFormats);

  const recovery = new Recovery(readableFormats, onError);
  for (const number of numbers) await recovery.read(dir, number, number === numbers.at(-1));
  const { segments, tornBytes, quarantined } = recovery;
  const records = segments.reduce((sum, segment) => sum + segment.records, 0);
  return { segments, nextNumber: (numbers.at(-1) ?? 0) + 1, report: { records, tornBytes, quarantined } };
}

async function refuseUnknownFormat(path: string, readableFormats: readonly number[]): Promise<void> {
  const file = await open(path, 'r');
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
    .finally(() => file.close());
  const parsed = parseHeader(buffer.subarray(0, bytesRead), readableFormats);
  if (parsed.state === 'unknown') throw formatUnknown(path, parsed, readableFormats);
}

class Recovery {
  readonly segments: Segment[] = [];
  readonly quarantined: QuarantinedRange[] = [];
  tornBytes = 0;
  readonly #readableFormats: readonly number[];
  readonly #onError: (error: DomainError) => void;

  constructor(readableFormats: readonly number[], onError: (error: DomainError) => void) {
    this.#readableFormats = readableFormats;
    this.#onError = onError;
  }

  async read(dir: string, number: number, isLast: boolean): Promise<void> {
    const path = segmentPath(dir, number);
    const bytes = await readFile(path);
    const parsed = parseHeader(bytes, this.#readableFormats);
    if (parsed.state === 'valid') return this.#readRecords({ path, number, bytes, header: parsed.header, isLast });
    if (isLast && bytes.length < HEADER_BYTES) {
      this.#tear(path, bytes.length);
      return unlink(path);
    }
    this.#report(path, { offset: 0, bytes: bytes.length });
    await rename(path, `${path}.0.bad`);
  }

  async #readRecords(found: {
    path: string;
    number: number;
    bytes: Buffer;
    header: SegmentHeader;
    isLast: boolean;
  }): Promise<void> {
    const { path, number, bytes, header, isLast } = found;
    const { incarnation, format, firstSequence } = header;
    const lastSequence = firstSequence - 1n;
    const segment: Segment = { number, path, incarnation, format, firstSequence, lastSequence, records: 0, bytes: 0 };
    segment.bytes = bytes.length;
    for (const item of scan(bytes, header)) {
      if (item.type === 'record') {
        segment.records += 1;
        segment.lastSequence = item.record.sequence;
      } else if (item.damage.isTail && isLast) {
        this.#tear(path, item.damage.bytes);
        await truncate(path, item.damage.offset);
        segment.bytes = item.damage.offset;
      } else {
        await this.#quarantine(path, bytes, item.damage);
      }
    }
    if (segment.records === 0) await unlink(path);
    else this.segments.push(segment);
  }

  #tear(path: string, bytes: number): void {
    this.tornBytes += bytes;
    this.#onError(tornTail(path, bytes));
  }

  #report(path: string, range: { offset: number; bytes: number }): void {
    this.quarantined.push({ segment: path, ...range });
    this.#onError(damaged(path, range));
  }

  async #quarantine(path: string, bytes: Buffer, { offset, bytes: length }: Damage): Promise<void> {
    this.#report(path, { offset, bytes: length });
    const copy = `${path}.${offset}.bad`;
    try {
      await writeFile(copy, bytes.subarray(offset, offset + length), { flag: 'wx', mode: 0o600 });
    } catch (cause) {
      // An earlier open kept it already.
      if (errnoOf(cause) !== 'EEXIST') this.#onError(quarantineFailed(copy, cause));
    }
  }
}
