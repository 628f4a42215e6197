import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DomainError, manualClock } from '@ostro/kernel';
import fc from 'fast-check';
import { payloadOf } from '../test/payload.ts';
import { encodeHeader, encodeRecord, HEADER_BYTES, parseHeader, RECORD_OVERHEAD_BYTES } from './format.ts';
import { Spool } from './index.ts';
import { scan } from './scan.ts';

const RECORDS = 40;

/** A segment as the writer makes it, and where each record starts. */
function segment(payload = (n: number) => payloadOf('inc_a', BigInt(n))): { bytes: Buffer; offsets: number[] } {
  const header = encodeHeader({ format: 1, firstSequence: 1n, createdAtMs: 0, incarnation: 'inc_a' });
  const parts = [header.bytes];
  const offsets: number[] = [];
  let offset = HEADER_BYTES;
  for (let n = 1; n <= RECORDS; n += 1) {
    const bytes = Buffer.alloc(RECORD_OVERHEAD_BYTES + payload(n).length);
    encodeRecord(bytes, { headerCrc: header.crc, offset, kind: 1, sequence: BigInt(n), payload: payload(n) });
    parts.push(bytes);
    offsets.push(offset);
    offset += bytes.length;
  }
  return { bytes: Buffer.concat(parts), offsets };
}

function recordsIn(bytes: Buffer): { sequence: bigint; payload: Buffer }[] {
  const parsed = parseHeader(bytes, [1]);
  if (parsed.state !== 'valid') return [];
  return [...scan(bytes, parsed.header)].flatMap((found) => (found.type === 'record' ? [found.record] : []));
}

describe('a damaged segment', () => {
  const { bytes: whole, offsets } = segment();
  const injury = fc.record({
    flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 12 }),
    cut: fc.option(fc.nat(whole.length)),
    shift: fc.option(fc.tuple(fc.nat(whole.length), fc.uint8Array({ minLength: 1, maxLength: 40 }))),
  });

  it('never yields a record that was not written, in any state', () => {
    fc.assert(
      fc.property(injury, ({ flips, cut, shift }) => {
        let bytes = Buffer.from(whole);
        for (const [at, mask] of flips) bytes[at]! ^= mask;
        if (shift !== null) bytes = Buffer.concat([bytes.subarray(0, shift[0]), shift[1], bytes.subarray(shift[0])]);
        const found = recordsIn(bytes.subarray(0, cut ?? bytes.length));
        found.forEach(({ sequence, payload }, index) => {
          expect(payload.equals(payloadOf('inc_a', sequence))).toBe(true);
          if (index > 0) expect(sequence).toBeGreaterThan(found[index - 1]!.sequence);
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('loses only the records that the damage touches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: HEADER_BYTES, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, mask) => {
          const bytes = Buffer.from(whole);
          bytes[at]! ^= mask;
          const touched = offsets.findLastIndex((offset) => offset <= at) + 1;
          const expected = Array.from({ length: RECORDS }, (_, index) => index + 1).filter((n) => n !== touched);
          expect(recordsIn(bytes).map(({ sequence }) => Number(sequence))).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('does not take a record inside a payload for one of its own', () => {
    // Record 20 carries a copy of a whole segment; then its own start is destroyed.
    const nested = segment((n) => (n === 20 ? whole : payloadOf('inc_a', BigInt(n))));
    nested.bytes.fill(0xff, nested.offsets[19], nested.offsets[19]! + RECORD_OVERHEAD_BYTES);
    const expected = Array.from({ length: RECORDS }, (_, index) => index + 1).filter((n) => n !== 20);
    expect(recordsIn(nested.bytes).map(({ sequence }) => Number(sequence))).toEqual(expected);
  });
});

describe('opening a damaged spool', () => {
  let dir: string;
  let errors: DomainError[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'spool-'));
    errors = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const open = (incarnation: string): Promise<Spool> =>
    Spool.open({
      dir,
      incarnation,
      formatNumber: 1,
      clock: manualClock(),
      maxBytes: 1_048_576,
      segmentBytes: 4_096,
      headroomBytes: 4_096,
      onError: (error) => errors.push(error),
    });
  const files = (): string[] =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.spool'))
      .map((name) => join(dir, name));

  async function write(incarnation: string, count: number): Promise<void> {
    const spool = await open(incarnation);
    for (let n = 1n; n <= count; n += 1n) spool.append(1, payloadOf(incarnation, n));
    await spool.close();
  }

  async function sequences(spool: Spool): Promise<number[]> {
    const found: number[] = [];
    for await (const { sequence } of spool.read()) found.push(Number(sequence));
    return found;
  }

  it('cuts off a torn tail, says how long it was, and is clean the next time', async () => {
    await write('inc_a', 10);
    const [path] = files() as [string];
    writeFileSync(path, readFileSync(path).subarray(0, -5));
    const torn = RECORD_OVERHEAD_BYTES + payloadOf('inc_a', 10n).length - 5;
    const spool = await open('inc_b');
    expect(spool.recovery).toEqual({ records: 9, tornBytes: torn, quarantined: [] });
    expect(errors.map(({ reason }) => reason)).toEqual(['SPOOL_TORN_TAIL']);
    spool.append(1, Buffer.from('x'));
    await spool.close();
    const again = await open('inc_c');
    expect(await sequences(again)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1]);
    expect(again.recovery.tornBytes).toBe(0);
    await again.close();
  });

  it('removes a segment that never got its header', async () => {
    await write('inc_a', 3);
    writeFileSync(join(dir, '000000000002.spool'), 'OSTROSPL');
    const spool = await open('inc_b');
    expect(spool.recovery).toMatchObject({ records: 3, tornBytes: 8 });
    expect(files()).toHaveLength(1);
    await spool.close();
  });

  it('keeps damaged bytes beside the segment, reports them, and goes on behind them', async () => {
    await write('inc_a', 100);
    const [first, second] = files() as [string, string];
    const bytes = readFileSync(first);
    bytes[HEADER_BYTES + 3]! ^= 0x80;
    writeFileSync(first, bytes);
    const header = readFileSync(second);
    header[20]! ^= 1;
    writeFileSync(second, header);
    const lost = parsedCount(header);

    const spool = await open('inc_b');
    const length = RECORD_OVERHEAD_BYTES + payloadOf('inc_a', 1n).length;
    expect(spool.recovery.quarantined).toEqual([
      { segment: first, offset: HEADER_BYTES, bytes: length },
      { segment: second, offset: 0, bytes: header.length },
    ]);
    expect(errors.map(({ reason }) => reason)).toEqual(['SPOOL_DAMAGED', 'SPOOL_DAMAGED']);
    expect(readFileSync(`${first}.${HEADER_BYTES}.bad`)).toEqual(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length));
    expect(existsSync(`${second}.0.bad`)).toBe(true);
    const found = await sequences(spool);
    expect(found[0]).toBe(2);
    expect(found.at(-1)).toBe(100);
    expect(found).toHaveLength(100 - 1 - lost);
    await spool.close();
  });

  function parsedCount(bytes: Buffer): number {
    const repaired = Buffer.from(bytes);
    repaired[20]! ^= 1;
    return recordsIn(repaired).length;
  }
});
