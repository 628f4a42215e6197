import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endRecordedProcess, recordProcess } from './recorded-process.ts';

describe('a recorded process', () => {
  let file: string;
  beforeEach(async () => {
    file = join(await mkdtemp(join(tmpdir(), 'recorded-')), 'process.json');
  });
  afterEach(() => rm(join(file, '..'), { recursive: true }));

  it('is ended by a later start, once', async () => {
    const child = spawn('sleep', ['60']);
    const ended = once(child, 'exit');
    await recordProcess(file, child.pid!);
    expect(await endRecordedProcess(file, 5_000)).toBe(true);
    expect((await ended)[1]).toBe('SIGTERM');
    expect(await endRecordedProcess(file, 5_000)).toBe(false);
  });

  it('is left alone when only the number is the same', async () => {
    const child = spawn('sleep', ['60']);
    await writeFile(file, JSON.stringify({ pid: child.pid, startedAt: 'another boot:1' }));
    expect(await endRecordedProcess(file, 5_000)).toBe(false);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
