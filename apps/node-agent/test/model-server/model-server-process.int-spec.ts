import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { eventually } from '@ostro/testing';
import { NONCE_VARIABLE } from '../../src/model-server/model-server.config.ts';
import type { ModelServerProcess } from '../../src/runtimes/model-server-process.ts';
import { identify } from '../../src/runtimes/process-identity.ts';
import { loadRecords } from '../../src/runtimes/process-record.ts';
import { ModelServerClient, textOf } from './model-server-client.ts';
import { aDirectory, aSpec, ready, remove, runtimes } from './model-server-fixture.ts';

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], stream: true };
const CHAT = '/v1/chat/completions';

describe('a model server process', () => {
  let directory: string;
  const started: ModelServerProcess[] = [];

  const start = async (overrides: Parameters<typeof aSpec>[1] = {}): Promise<ModelServerProcess> => {
    const server = await runtimes().simulated.start(aSpec(directory, overrides));
    started.push(server);
    return server;
  };

  beforeEach(async () => {
    directory = await aDirectory();
  });

  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop({ drainDeadlineMs: 0 });
    await remove(directory);
  }, 30_000);

  it('is found again by an agent that lost everything but the record', async () => {
    const born = await start();
    await ready(born);
    const [record] = await loadRecords(aSpec(directory).socketDir);
    const adopted = await runtimes().simulated.adopt(record!);
    expect(await adopted?.probe()).toMatchObject({ state: 'ready' });
    const exit = await adopted!.stop({ drainDeadlineMs: 1000 });
    expect(exit.lastLogLines.at(-1)).toContain('"stopped"');
    expect(await born.exit).toMatchObject({ code: 0, reason: 'ok' });
    expect(await loadRecords(aSpec(directory).socketDir)).toEqual([]);
  }, 60_000);

  it('is not taken for another, and another is never signalled', async () => {
    const server = await start();
    await ready(server);
    const stranger = spawn('/bin/sleep', ['600'], { stdio: 'ignore', env: { [NONCE_VARIABLE]: server.record.nonce } });
    const theirs = (await identify(stranger.pid!))!;
    const { simulated, llama } = runtimes();
    // The pid was given to another process; or the record lies about the start, the boot or the nonce.
    expect(await simulated.adopt({ ...server.record, pid: theirs.pid })).toBeUndefined();
    expect(await simulated.adopt({ ...server.record, startTicks: '1' })).toBeUndefined();
    expect(await simulated.adopt({ ...server.record, bootId: 'another-boot' })).toBeUndefined();
    expect(await simulated.adopt({ ...server.record, nonce: 'f'.repeat(64) })).toBeUndefined();
    expect(await llama.adopt(server.record)).toBeUndefined();
    // Even a process with the right nonce in its environment is foreign when it does not answer on the socket.
    const impostor = { ...server.record, ...theirs, socketPath: `${server.record.socketPath}.none` };
    expect(await simulated.adopt(impostor)).toBeUndefined();
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
  }, 60_000);

  it('keeps its socket, record and log to its owner', async () => {
    const server = await start();
    const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    const { socketDir, logPath } = aSpec(directory);
    expect(await modeOf(socketDir)).toBe('700');
    expect(await modeOf(`${socketDir}/replica.process.json`)).toBe('600');
    expect(await modeOf(logPath)).toBe('600');
    // The limit is set by a shell that then becomes the model server.
    await eventually(async () => {
      const limits = await readFile(`/proc/${server.record.pid}/limits`, 'utf8');
      expect(limits).toMatch(/Max core file size\s+0\s+0/);
    });
  });

  it('lives in its own session and sees none of the agent’s environment', async () => {
    const server = await start();
    await ready(server);
    const stat = await readFile(`/proc/${server.record.pid}/stat`, 'utf8');
    expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])).toBe(server.record.pid);
    const environment = await readFile(`/proc/${server.record.pid}/environ`, 'utf8');
    expect(environment).not.toContain('HOME=');
  }, 30_000);

  it('lets a running answer end when it is stopped', async () => {
    const server = await start();
    await ready(server);
    const client = new ModelServerClient(server.record.socketPath);
    const asked = client.stream(CHAT, { ...chat, max_tokens: 100 });
    await eventually(async () => expect(await client.metric('requests_running')).toBe(1));
    const stopped = server.stop({ drainDeadlineMs: 20_000 });
    const { chunks, done } = await asked;
    expect([textOf(chunks).split(' ').length - 1, done]).toEqual([100, true]);
    expect(await stopped).toMatchObject({ code: 0, reason: 'ok' });
    await client.close();
  }, 60_000);

  it('tells a stream that outlives the deadline why it ends', async () => {
    const server = await start();
    await ready(server);
    const client = new ModelServerClient(server.record.socketPath);
    const asked = client.stream(CHAT, { ...chat, max_tokens: 8000 });
    await eventually(async () => expect(await client.metric('requests_running')).toBe(1));
    expect(await server.stop({ drainDeadlineMs: 0 })).toMatchObject({ code: 0 });
    const { chunks, done } = await asked;
    expect(done).toBe(false);
    expect(chunks.at(-1)).toMatchObject({ error: { code: 'replica_drained' } });
    await client.close();
  }, 60_000);

  it('pauses for a client that does not read', async () => {
    const server = await start({
      simulated: { prefillTokensPerSecond: 1e6, decodeMsPerToken: 0, loadMs: 0 },
      contextTokens: 1e6,
    });
    await ready(server);
    const client = new ModelServerClient(server.record.socketPath);
    const { body } = await client.open(CHAT, { ...chat, max_tokens: 900_000 });
    const decoded = async (): Promise<number> => (await client.get('/slots')).json[0].n_decoded;
    let last = -1;
    await eventually(async () => {
      const now = await decoded();
      const stood = now > 0 && now === last;
      last = now;
      expect(stood).toBe(true);
    });
    expect(last).toBeLessThan(20_000);
    body.destroy();
    body.on('error', () => undefined);
    await client.close();
  }, 60_000);

  it.each([
    ['missing', undefined, 'model_missing', 66],
    ['broken', 'GGUF but not really', 'model_broken', 65],
  ] as const)(
    'says by its exit that the model file is %s',
    async (_, content, reason, code) => {
      const { llama } = runtimes();
      const weightsPath = `${directory}/broken.gguf`;
      if (content !== undefined) await writeFile(weightsPath, content);
      const server = await llama.start(aSpec(directory, { weightsPath }));
      const exit = await server.exit;
      expect(exit).toMatchObject({ code, reason });
      expect(exit.lastLogLines.at(-1)).toContain(weightsPath);
    },
    60_000,
  );

  it('tells a processor that the binary does not fit from a crash', async () => {
    const server = await start();
    process.kill(server.record.pid, 'SIGILL');
    expect(await server.exit).toMatchObject({ signal: 'SIGILL', reason: 'cpu_unsupported' });
  });

  it('leaves out records it cannot read', async () => {
    const { socketDir } = aSpec(directory);
    await mkdir(socketDir, { mode: 0o700 });
    await writeFile(`${socketDir}/a.process.json`, '{"format":1,"pi');
    await writeFile(`${socketDir}/b.process.json`, '{"format":99,"pid":1,"nonce":"x"}');
    await chmod(socketDir, 0o700);
    expect(await loadRecords(socketDir)).toEqual([]);
  });
});
