import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testCacheDir } from '@ostro/testing';

const MAIN = fileURLToPath(new URL('../../apps/local/dist/main.js', import.meta.url));
const FREE_PORTS = ['--gateway-port', '0', '--api-port', '0', '--metrics-port', '0'];

/** `npm start` and `npm run demo` with the packaged model: real tokens from a real model. */
describe('a laptop', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ostro-laptop-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }), 30_000);

  function run(...args: string[]): { child: ChildProcess; stdout: () => string; stderr: () => string } {
    let [stdout, stderr] = ['', ''];
    const child = spawn(process.execPath, [MAIN, ...args, '--data', dataDir], {
      env: { ...process.env, OSTRO_CACHE_DIR: testCacheDir() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    return { child, stdout: () => stdout, stderr: () => stderr };
  }

  async function demo() {
    const { child, stdout, stderr } = run('demo', '--json');
    const [status] = (await once(child, 'exit')) as [number];
    if (status !== 0) throw new Error(`the demo ended with ${status}:\n${stderr()}`);
    return JSON.parse(stdout()) as Record<string, unknown>;
  }

  it('answers, bills and prints one object', async () => {
    const result = await demo();
    expect(result).toMatchObject({
      answer: expect.stringMatching(/\S/) as string,
      promptTokens: expect.any(Number) as number,
      completionTokens: expect.any(Number) as number,
      cost: expect.stringMatching(/^0\.0*[1-9]\d*$/) as string,
      currency: 'EUR',
      requestId: expect.stringMatching(/^req_/) as string,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      model: 'gemma-3-270m',
      modelDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      node: expect.stringMatching(/^nod_/) as string,
    });
    expect(Object.keys(result).sort()).toEqual(
      [
        'answer',
        'completionTokens',
        'cost',
        'currency',
        'model',
        'modelDigest',
        'node',
        'phases',
        'promptTokens',
        'requestId',
        'traceId',
      ].sort(),
    );
  }, 240_000);

  it('recovers by itself after everything was killed with -9, and leaves nothing running when it stops', async () => {
    const { child, stdout } = run('start', ...FREE_PORTS);
    while (!stdout().includes('Ctrl-C')) await once(child.stdout!, 'data');
    const orphans = await pids('.process.json');
    for (const pid of [child.pid!, ...orphans]) process.kill(pid, 'SIGKILL');
    await once(child, 'exit');
    await demo();
    expect(await pids('.process.json')).toEqual([]);
    expect(await running(dataDir)).toEqual([]);
  }, 240_000);

  async function pids(suffix: string): Promise<number[]> {
    const run = join(dataDir, 'run');
    const files = (await readdir(run)).filter((file) => file.endsWith(suffix));
    const records = await Promise.all(files.map((file) => readFile(join(run, file), 'utf8')));
    return records.map((record) => (JSON.parse(record) as { pid: number }).pid);
  }
});

/** Command lines that name the folder: servers, agents, model servers. */
async function running(dir: string): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(dir));
}
