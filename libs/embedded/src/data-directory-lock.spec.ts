import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataDirectory } from './data-directory-lock.ts';

describe('lockDataDirectory', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ostro-lock-'));
  });

  afterEach(() => rm(dataDir, { recursive: true }));

  it('admits one of many who ask at once, and the next one after its release', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDirectory(dataDir)));
    const admitted = asked.filter((result) => result.status === 'fulfilled');
    expect(admitted).toHaveLength(1);
    await admitted[0]?.value.release();
    await (await lockDataDirectory(dataDir)).release();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('names the holder', async () => {
    await lockDataDirectory(dataDir);
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'DATA_DIRECTORY_IN_USE',
      details: { pid: String(process.pid) },
    });
  });

  it.each([
    ['a process that has ended', JSON.stringify({ pid: spawnSync(process.execPath, ['--version']).pid })],
    ['an earlier process of the same pid', JSON.stringify({ pid: process.pid, startedAt: 'before the last boot' })],
    ['nobody, being damaged', '{"pi'],
  ])('takes over the lock of %s', async (_whose, content) => {
    await writeFile(join(dataDir, 'ostro.lock'), content);
    const lock = await lockDataDirectory(dataDir);
    await expect(lockDataDirectory(dataDir)).rejects.toMatchObject({ reason: 'DATA_DIRECTORY_IN_USE' });
    await lock.release();
  });
});
