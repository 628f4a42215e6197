import { PassThrough } from 'node:stream';
import { Output } from './output.ts';
import { fields, table } from './table.ts';
import { age, byteSize, count, durationSeconds, money } from './units.ts';

describe('units', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_536, '1.5 KiB'],
    [150 * 2 ** 20, '150 MiB'],
    [2.5 * 2 ** 30, '2.5 GiB'],
    [2 ** 60, '1024 PiB'],
  ])('tell %d bytes as %s', (bytes, text) => expect(byteSize(bytes)).toBe(text));

  it('tell how long ago, in one unit, and never the future', () => {
    const now = new Date('2026-11-22T12:00:00Z');
    expect(age('2026-11-22T11:59:30Z', now)).toBe('30 s');
    expect(age('2026-11-22T09:30:00Z', now)).toBe('2 h');
    expect(age('2026-11-01T12:00:00Z', now)).toBe('21 d');
    expect(age('2026-11-22T12:00:09Z', now)).toBe('0 s');
    expect(age(undefined, now)).toBe('');
  });

  it('keep money as the ledger has it', () => {
    expect(money({ amount: '0.0000499500', currency: 'EUR' })).toBe('0.0000499500 EUR');
    expect(count(1_234_567)).toBe('1,234,567');
  });

  it('read durations and nothing else', () => {
    expect(durationSeconds('90d')).toBe(7_776_000);
    expect(durationSeconds('15m')).toBe(900);
    for (const text of ['', '90', 'd', '1.5h', '-1d', '1w']) expect(durationSeconds(text)).toBeUndefined();
  });
});

describe('a table', () => {
  it('aligns, marks what is empty and cuts nothing', () => {
    const rows = [
      { name: 'a-very-long-name', size: 5 },
      { name: '', size: 12_345 },
    ];
    const columns = [
      { head: 'name', cell: ({ name }: (typeof rows)[number]) => name },
      { head: 'size', cell: ({ size }: (typeof rows)[number]) => size, alignRight: true },
    ];
    expect(table(rows, columns)).toEqual([
      'NAME               SIZE',
      'a-very-long-name      5',
      '-                 12345',
    ]);
  });

  it('of fields leaves out what is empty, and keeps a zero', () => {
    expect(fields({ id: 'x', country: '', replicas: 0, gone: undefined })).toEqual(['id        x', 'replicas  0']);
  });
});

describe('output', () => {
  const open = (options: { json?: boolean; tty?: boolean; noColor?: boolean }) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    Object.assign(stdout, { isTTY: options.tty });
    const env = options.noColor ? { NO_COLOR: '1' } : {};
    return { out: new Output({ stdout, stderr, env }, options.json ?? false), stdout, stderr };
  };

  it('with --json is one JSON value on stdout, and words stay on stderr', () => {
    const { out, stdout, stderr } = open({ json: true });
    out.list([{ a: 1 }], [{ head: 'a', cell: ({ a }) => a }], 'empty');
    out.say('by the way');
    expect(JSON.parse(String(stdout.read()))).toEqual([{ a: 1 }]);
    expect(String(stderr.read())).toBe('by the way\n');
  });

  it('says what to do instead of showing an empty table', () => {
    const { out, stdout } = open({});
    out.list([], [], 'There is nothing: make one.');
    expect(String(stdout.read())).toBe('There is nothing: make one.\n');
  });

  it('has colours at a terminal only, and none where they are not wanted', () => {
    expect(open({ tty: true }).out.state('failed')).toBe('\u001B[31mfailed\u001B[0m');
    expect(open({ tty: true, noColor: true }).out.state('failed')).toBe('failed');
    expect(open({}).out.state('failed')).toBe('failed');
  });
});
