import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const GREETER = join(import.meta.dirname, '../test/greeter.ts');

interface Ended {
  status: number | null;
  stderr: string;
  stdout: string;
}

/** The sources run as they are: nothing here needs decorators. */
function start(env: Record<string, string>): {
  child: ChildProcess;
  ended: Promise<Ended>;
  saw(text: string): Promise<void>;
} {
  const child = spawn(
    process.execPath,
    ['--conditions=@ostro/source', '--experimental-transform-types', '--no-warnings', GREETER],
    {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr!.on('data', (part: Buffer) => (stderr += part.toString()));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stderr, stdout }));
  const saw = async (text: string) => {
    while (!stdout.includes(text)) await once(child.stdout!, 'data');
  };
  return { child, ended, saw };
}

describe('runService', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'greeter-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tells where it listens, serves health, and ends with 0 on SIGTERM', async () => {
    const readyFile = join(folder, 'ready.json');
    const { child, ended, saw } = start({
      OSTRO_GREETER_PORT: '0',
      OSTRO_METRICS_BIND: '127.0.0.1:0',
      OSTRO_READY_FILE: readyFile,
    });
    await saw('"ready"');
    const { pid, addresses } = JSON.parse(await readFile(readyFile, 'utf8')) as {
      pid: number;
      addresses: Record<string, string>;
    };
    expect(pid).toBe(child.pid);
    expect(await (await fetch(`http://${addresses['http']}`)).text()).toBe('hello');
    expect((await fetch(`http://${addresses['metrics']}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
  });

  it('starts nothing with a wrong configuration and names the variable', async () => {
    const { status, stderr, stdout } = await start({}).ended;
    expect(status).toBe(78);
    expect(stderr).toContain('OSTRO_GREETER_PORT');
    expect(stdout).toBe('');
  });

  it('ends with 69 when its port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { status } = await start({ OSTRO_GREETER_PORT: String((holder.address() as AddressInfo).port) }).ended;
    holder.close();
    expect(status).toBe(69);
  });
});
