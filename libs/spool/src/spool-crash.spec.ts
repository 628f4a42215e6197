import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type DomainError, systemClock } from '@ostro/kernel';
import { payloadOf } from '../test/payload.ts';
import { Spool } from './index.ts';

const PROGRAMS = join(import.meta.dirname, '../test');
let dir: string;
let errors: DomainError[];
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-'));
  errors = [];
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

function start(program: string, incarnation: string): ChildProcess {
  const flags = ['--conditions=@ostro/source', '--no-warnings'];
  const child = spawn(process.execPath, [...flags, join(PROGRAMS, program), dir, incarnation], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function replay(incarnation: string): Promise<Map<string, bigint[]>> {
  const options = { dir, incarnation, formatNumber: 1, clock: systemClock, maxBytes: 2 ** 30 };
  const spool = await Spool.open({ ...options, onError: (error) => errors.push(error) });
  const found = new Map<string, bigint[]>();
  for await (const record of spool.read()) {
    expect(record.payload.equals(payloadOf(record.incarnation, record.sequence))).toBe(true);
    found.set(record.incarnation, [...(found.get(record.incarnation) ?? []), record.sequence]);
  }
  await spool.close();
  expect(spool.recovery.quarantined).toEqual([]);
  return found;
}

describe('a process that is killed', () => {
  it('has lost no record whose sequence it was given, 20 times out of 20', async () => {
    const printed = new Map<string, bigint>();
    for (let round = 0; round < 20; round += 1) {
      const incarnation = `inc_${round}`;
      const child = start('append-until-killed.ts', incarnation);
      const killAfter = 1 + Math.floor(Math.random() * 2_000);
      let last = 0n;
      const lines = createInterface({ input: child.stdout! });
      lines.on('line', (line) => {
        last = BigInt(line);
        if (last === BigInt(killAfter)) child.kill('SIGKILL');
      });
      await Promise.all([once(child, 'exit'), once(lines, 'close')]);
      expect(last).toBeGreaterThanOrEqual(BigInt(killAfter));
      printed.set(incarnation, last);
    }
    const found = await replay('inc_reader');
    expect([...found.keys()]).toEqual([...printed.keys()]);
    for (const [incarnation, last] of printed) {
      const sequences = found.get(incarnation)!;
      expect(sequences).toEqual(sequences.map((_, index) => BigInt(index + 1)));
      // At most the one record that was written but not yet printed.
      expect(BigInt(sequences.length) - last).toBeLessThanOrEqual(1n);
      expect(BigInt(sequences.length)).toBeGreaterThanOrEqual(last);
    }
  }, 120_000);
});

describe('a file system that takes no more', () => {
  const limit = (pid: number, bytes: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  };

  const bytesOnDisk = (): number =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.spool'))
      .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);

  it('refuses with SPOOL_FULL, tears nothing, tells admission, and goes on when there is space', async () => {
    const child = start('append-on-command.ts', 'inc_full');
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const ask = async (
      command?: string,
    ): Promise<{ answer: string; last: string; bytes: number; errors: string[] }> => {
      if (command !== undefined) child.stdin!.write(`${command}\n`);
      return JSON.parse((await answers.next()).value!);
    };
    expect((await ask()).answer).toBe('open');
    expect((await ask('healthy')).answer).toBe('true');

    limit(child.pid!, 300_001);
    const full = await ask('fill');
    expect(full.answer).toBe('RESOURCE_EXHAUSTED SPOOL_FULL EFBIG');
    expect(Number(full.last)).toBeGreaterThan(500);
    expect(bytesOnDisk()).toBe(full.bytes);
    expect((await ask('append')).answer).toMatch(/SPOOL_FULL/);
    expect((await ask('healthy')).answer).toBe('false');

    limit(child.pid!, 'unlimited');
    expect((await ask('healthy')).answer).toBe('true');
    expect((await ask('append')).answer).toBe(String(Number(full.last) + 1));
    const end = await ask('append');
    expect(end.errors).toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'exit');

    const found = await replay('inc_reader');
    expect(found.get('inc_full')!.map(String)).toEqual(
      Array.from({ length: Number(end.last) }, (_, n) => String(n + 1)),
    );
    expect(errors).toEqual([]);
  }, 60_000);
});
