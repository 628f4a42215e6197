import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DomainError, manualClock } from '@ostro/kernel';
import { Spool, type SpoolOptions, type SpoolPosition, type SpoolRecord } from './index.ts';

const KIB = 1_024;
let dir: string;
let errors: DomainError[];
let opened: Spool[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-'));
  errors = [];
  opened = [];
});

afterEach(async () => {
  for (const spool of opened) await spool.close();
  rmSync(dir, { recursive: true });
});

async function openSpool(incarnation: string, overrides: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = await Spool.open({
    dir,
    incarnation,
    formatNumber: 2,
    clock: manualClock(),
    maxBytes: 1_024 * KIB,
    segmentBytes: 4 * KIB,
    headroomBytes: 8 * KIB,
    onError: (error) => errors.push(error),
    ...overrides,
  });
  opened.push(spool);
  return spool;
}

async function all(spool: Spool, from?: SpoolPosition): Promise<SpoolRecord[]> {
  const records: SpoolRecord[] = [];
  for await (const record of spool.read(from)) records.push(record);
  return records;
}

const text = (record: SpoolRecord): string => `${record.incarnation}:${record.sequence}:${record.payload.toString()}`;
const segmentFiles = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.spool'));

describe('a spool', () => {
  it('gives back every record in order, across segments, incarnations and restarts', async () => {
    const expected: string[] = [];
    for (const incarnation of ['inc_a', 'inc_b', 'inc_c']) {
      const spool = await openSpool(incarnation);
      for (let n = 1; n <= 100; n += 1) {
        expect(spool.append(7, Buffer.from(`record ${n}`.padEnd(90)))).toBe(BigInt(n));
        expected.push(`${incarnation}:${n}:${`record ${n}`.padEnd(90)}`);
      }
      expect((await all(spool)).map(text)).toEqual(expected);
      await spool.close();
    }
    const last = await openSpool('inc_d');
    expect(segmentFiles().length).toBeGreaterThan(6);
    expect(last.recovery).toEqual({ records: 300, tornBytes: 0, quarantined: [] });
    expect((await all(last)).map(text)).toEqual(expected);
    expect((await all(last, { incarnation: 'inc_b', sequence: 99n })).slice(0, 3).map(text)).toEqual(
      expected.slice(198, 201),
    );
    expect(await all(last, { incarnation: 'inc_trimmed', sequence: 5n })).toHaveLength(300);
    expect(errors).toEqual([]);
  });

  it('keeps kind, format and an empty payload', async () => {
    const spool = await openSpool('inc_a', { formatNumber: 9 });
    spool.append(255, Buffer.alloc(0));
    const [record] = await all(spool);
    expect(record).toMatchObject({ kind: 255, format: 9, sequence: 1n });
    expect(record!.payload).toHaveLength(0);
  });

  it('lets concurrent durable appends share a sync', async () => {
    const spool = await openSpool('inc_a');
    const sequences = await Promise.all(Array.from({ length: 500 }, () => spool.appendDurable(1, Buffer.from('x'))));
    expect(sequences).toEqual(Array.from({ length: 500 }, (_, index) => BigInt(index + 1)));
    expect(spool.stats().syncs).toBe(1);
  });

  it('syncs what nobody waits for', async () => {
    const spool = await openSpool('inc_a');
    spool.append(1, Buffer.from('x'));
    expect(spool.stats().syncs).toBe(0);
    await spool.close();
    expect(spool.stats().syncs).toBe(1);
  });
});

describe('trimming', () => {
  it('removes whole settled segments and keeps the others for replay', async () => {
    const spool = await openSpool('inc_a');
    for (let n = 1; n <= 100; n += 1) spool.append(1, Buffer.alloc(100));
    const segmentsBefore = spool.stats().segments;
    const removed = await spool.trim('inc_a', 50n);
    expect(removed).toBe(1);
    expect(segmentFiles()).toHaveLength(segmentsBefore - 1);
    const [first] = await all(spool);
    expect(first!.sequence).toBeGreaterThan(1n);
    expect(first!.sequence).toBeLessThanOrEqual(51n);
    expect(spool.stats()).toMatchObject({ unsettledRecords: 50, segments: segmentsBefore - 1 });
    expect(await spool.trim('inc_a', 10n)).toBe(0);
    expect(spool.stats().unsettledRecords).toBe(50);
  });

  it('leaves nothing behind when everything is settled and the spool is closed', async () => {
    const first = await openSpool('inc_a');
    first.append(1, Buffer.from('x'));
    await first.close();
    const second = await openSpool('inc_b');
    second.append(1, Buffer.from('y'));
    await second.trim('inc_a', 1n);
    await second.trim('inc_b', 1n);
    expect(second.stats().unsettledRecords).toBe(0);
    expect(second.append(1, Buffer.from('z'))).toBe(2n);
    await second.trim('inc_b', 2n);
    await second.close();
    expect(segmentFiles()).toEqual([]);
  });
});

describe('limits', () => {
  it('refuses beyond maxBytes, is unhealthy before that, and goes on after a trim', async () => {
    const spool = await openSpool('inc_a', { maxBytes: 20 * KIB });
    const fill = (): void => {
      for (;;) spool.append(1, Buffer.alloc(100));
    };
    while (spool.healthy()) spool.append(1, Buffer.alloc(100));
    const acceptedHealthy = spool.stats().lastSequence;
    expect(fill).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', reason: 'SPOOL_FULL' }));
    expect(spool.stats().lastSequence - acceptedHealthy).toBeGreaterThan(50n);
    expect(spool.stats().bytes).toBeLessThanOrEqual(20 * KIB);

    const { lastSequence } = spool.stats();
    await spool.trim('inc_a', lastSequence);
    expect(spool.healthy()).toBe(true);
    expect(spool.append(1, Buffer.from('x'))).toBe(lastSequence + 1n);
  });

  it('refuses a record that fits no segment', async () => {
    const spool = await openSpool('inc_a');
    expect(() => spool.append(1, Buffer.alloc(4 * KIB))).toThrow(/raise segmentBytes/);
  });

  it.each([
    [{ groupCommitMs: 6 }, 'INVALID_GROUP_COMMIT'],
    [{ formatNumber: 0 }, 'INVALID_FORMAT_NUMBER'],
    [{ incarnation: 'x'.repeat(41) }, 'INVALID_INCARNATION'],
    [{ maxBytes: 8 * KIB }, 'INVALID_SPOOL_SIZE'],
  ])('refuses the option %j', async (overrides, reason) => {
    await expect(openSpool('inc_a', overrides)).rejects.toMatchObject({ reason });
  });
});

describe('opening', () => {
  it('has one owner', async () => {
    const spool = await openSpool('inc_a');
    await expect(openSpool('inc_b')).rejects.toMatchObject({ reason: 'SPOOL_IN_USE' });
    await spool.close();
    await openSpool('inc_b');
  });

  it('is refused while another live process owns it, and not for a dead one or for a pid that is used again', async () => {
    const parent = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const startedAt = parent.slice(parent.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(dir, 'owner'), `${process.ppid} ${startedAt}`);
    await expect(openSpool('inc_a')).rejects.toMatchObject({ reason: 'SPOOL_IN_USE' });
    writeFileSync(join(dir, 'owner'), `${process.ppid} ${Number(startedAt) - 1}`);
    await (await openSpool('inc_a')).close();
    writeFileSync(join(dir, 'owner'), '4194304999 1');
    await openSpool('inc_b');
  });

  it('reads the format before its own and refuses any other, changing nothing', async () => {
    const spool = await openSpool('inc_a', { formatNumber: 3 });
    spool.append(1, Buffer.from('x'));
    await spool.close();
    const before = readFileSync(join(dir, segmentFiles()[0]!));
    for (const formatNumber of [2, 5]) {
      await expect(openSpool('inc_b', { formatNumber })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'SPOOL_FORMAT_UNKNOWN',
      });
    }
    expect(readFileSync(join(dir, segmentFiles()[0]!))).toEqual(before);
    const [record] = await all(await openSpool('inc_b', { formatNumber: 4 }));
    expect(record!.format).toBe(3);
  });

  it('refuses an incarnation whose records are still here', async () => {
    const spool = await openSpool('inc_a');
    spool.append(1, Buffer.from('x'));
    await spool.close();
    await expect(openSpool('inc_a')).rejects.toMatchObject({ reason: 'INCARNATION_REUSED' });
    await openSpool('inc_b');
  });
});

describe('a disk that does not confirm', () => {
  /** The descriptor of the segment now names a device that cannot be synced. */
  function breakActiveSegment(): void {
    const fd = readdirSync('/proc/self/fd').find(
      (name) => linkOf(name).startsWith(dir) && linkOf(name).endsWith('.spool'),
    );
    closeSync(Number(fd));
    expect(openSync('/dev/null', 'w')).toBe(Number(fd));
  }

  function linkOf(fd: string): string {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  }

  it('fails those who wait, stops admission, and goes on in a new segment', async () => {
    const clock = manualClock();
    const spool = await openSpool('inc_a', { clock });
    await spool.appendDurable(1, Buffer.from('kept'));
    breakActiveSegment();
    await expect(spool.appendDurable(1, Buffer.from('lost'))).rejects.toMatchObject({ reason: 'SPOOL_SYNC_FAILED' });
    expect(errors.map(({ reason }) => reason)).toEqual(['SPOOL_SYNC_FAILED']);
    expect(spool.healthy()).toBe(false);
    clock.advance(1_000);
    expect(spool.healthy()).toBe(true);
    expect(await spool.appendDurable(1, Buffer.from('after'))).toBe(3n);
    expect(segmentFiles()).toHaveLength(2);
    expect((await all(spool)).map((record) => record.payload.toString())).toEqual(['kept', 'after']);
  });
});
