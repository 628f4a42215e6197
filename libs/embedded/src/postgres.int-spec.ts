import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from './postgres.ts';
import { hasEnded } from './processes.ts';

jest.setTimeout(60_000);

describe('startPostgres', () => {
  let dataDir: string;
  let server: EmbeddedPostgres;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ostro-postgres-'));
    server = await startPostgres({ dataDir });
    await query(server, 'create table kept (word text)');
    await query(server, "insert into kept values ('kept')");
  });

  afterAll(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true });
  });

  it('keeps its data over stop and start, and stop ends the server', async () => {
    await server.stop();
    expect(await hasEnded(server.pid, 0)).toBe(true);
    server = await startPostgres({ dataDir });
    expect(await query(server, 'select word from kept')).toEqual([{ word: 'kept' }]);
  });

  it('recovers from kill -9 of the server', async () => {
    await query(server, "update kept set word = 'kept through a crash'");
    process.kill(server.pid, 'SIGKILL');
    await server.stop();
    server = await startPostgres({ dataDir });
    expect(await query(server, 'select word from kept')).toEqual([{ word: 'kept through a crash' }]);
  });

  it('takes over the running server of a process that was killed', async () => {
    await leaveLockOfDeadProcess(dataDir);
    const heir = await startPostgres({ dataDir });
    expect([heir.pid, heir.port]).toEqual([server.pid, server.port]);
    server = heir;
  });

  it('moves to the wanted port when it takes over a server on another one', async () => {
    await leaveLockOfDeadProcess(dataDir);
    const port = server.port === 65_000 ? 65_001 : 65_000;
    const earlier = server.pid;
    server = await startPostgres({ dataDir, port });
    expect(server.port).toBe(port);
    expect(await hasEnded(earlier, 0)).toBe(true);
  });

  it('starts although the pid of a dead server now belongs to another program of its account', async () => {
    process.kill(server.pid, 'SIGKILL');
    await server.stop();
    const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
    const [, ...lines] = (await readFile(pidFile, 'utf8')).split('\n');
    const { uid, gid } = await stat(pidFile);
    const account = process.getuid?.() === 0 ? { uid, gid } : {};
    const stranger = spawn('sleep', ['60'], { cwd: '/', ...account });
    await once(stranger, 'spawn');
    await writeFile(pidFile, [stranger.pid, ...lines].join('\n'));
    server = await startPostgres({ dataDir });
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(stranger.kill()).toBe(true);
  });

  it('refuses a second start on the same data and names the holder', async () => {
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({
      reason: 'DATA_DIRECTORY_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('refuses a port that is taken, and leaves the data directory free', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await server.stop();
    await expect(startPostgres({ dataDir, port })).rejects.toMatchObject({ reason: 'PORT_IN_USE' });
    taken.close();
    server = await startPostgres({ dataDir });
  });

  it('admits only the holder of the password, which only its owner can read', async () => {
    const { mode } = await stat(join(dataDir, 'password'));
    expect(mode & 0o777).toBe(0o600);
    const url = new URL(server.adminUrl);
    url.password = 'guess';
    const stranger = new pg.Client({ connectionString: url.toString() });
    await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});

async function query(server: EmbeddedPostgres, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    return (await client.query(statement)).rows as unknown[];
  } finally {
    await client.end();
  }
}

/** What a killed process leaves behind: its lock, and the server that it started. */
async function leaveLockOfDeadProcess(dataDir: string): Promise<void> {
  const { pid } = spawnSync(process.execPath, ['--version']);
  await writeFile(join(dataDir, 'ostro.lock'), JSON.stringify({ pid }));
}
