import { randomBytes } from 'node:crypto';
import { access, chown, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DomainError, systemClock } from '@ostro/kernel';
import pg from 'pg';
import { lockDataDirectory } from './data-directory-lock.ts';
import { freePort, tryPort } from './free-port.ts';
import { postgresAccount, type PostgresAccount } from './postgres-account.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts';
import { commandLineOf, endProcess, isAlive } from './processes.ts';
import type { OnProgress } from './progress.ts';
import { launch, type Launched, logTail, runToEnd } from './launch.ts';
import { waitUntil } from './wait-until.ts';

const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 20_000;

export interface PostgresOptions {
  /** Holds the cluster, the password (0600), the log and the lock. */
  readonly dataDir: string;
  /** 0 or absent: a free one, another at each start. */
  readonly port?: number;
  /** Server settings, for example `{ fsync: 'off' }` for a server that lives as long as a test run. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onProgress?: OnProgress;
}

export interface EmbeddedPostgres {
  /** Superuser URL of the database `postgres`, password included: do not log it. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server with a checkpoint. Calling it again does nothing. */
  stop(): Promise<void>;
}

interface Server {
  readonly pid: number;
  readonly port: number;
}

interface Cluster {
  readonly dir: string;
  readonly logFile: string;
  readonly password: string;
  readonly binaries: PostgresBinaries;
  readonly account: PostgresAccount;
  readonly options: PostgresOptions;
}

/**
 * A real PostgreSQL on 127.0.0.1 with its data below `dataDir`. Recovers by itself from a `kill -9` of the
 * server (PostgreSQL replays its log) and of the process that started it (the running server is taken over).
 * The server outlives this process unless `stop` is called. Refuses when another process holds `dataDir`.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const lock = await lockDataDirectory(dataDir);
  try {
    const cluster = await openCluster(dataDir, options);
    const server = (await takeOver(cluster)) ?? (await startServer(cluster));
    return handle(cluster, server, lock.release);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function handle(cluster: Cluster, server: Server, release: () => Promise<void>): EmbeddedPostgres {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    if (await isServerOf(cluster.dir, server.pid)) await endProcess(server.pid, 'SIGINT', STOP_WITHIN_MS);
    await release();
  };
  return { ...server, adminUrl: adminUrl(cluster, server.port), stop: () => (stopped ??= stop()) };
}

async function openCluster(dataDir: string, options: PostgresOptions): Promise<Cluster> {
  const dir = join(dataDir, 'cluster');
  const binaries = await postgresBinaries();
  const account = await postgresAccount(binaries, dir);
  const logFile = join(dataDir, 'postgres.log');
  const passwordFile = join(dataDir, 'password');
  if (!(await exists(join(dir, 'PG_VERSION')))) {
    options.onProgress?.({ step: 'PostgreSQL: creating the database cluster' });
    await createCluster({ dir, binaries, account, logFile, passwordFile });
  }
  const password = (await readFile(passwordFile, 'utf8')).trim();
  return { dir, logFile, password, binaries, account, options };
}

/** initdb cleans up after itself when it fails, so PG_VERSION means that the cluster is whole. */
async function createCluster(
  parts: Pick<Cluster, 'dir' | 'binaries' | 'account' | 'logFile'> & { passwordFile: string },
): Promise<void> {
  const { dir, binaries, account, logFile, passwordFile } = parts;
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account.uid !== undefined) await chown(passwordFile, account.uid, account.gid ?? 0);
  const flags = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const args = [...flags, `--pgdata=${dir}`, `--pwfile=${passwordFile}`];
  const code = await runToEnd(binaries.initdb, args, { logFile, cwd: dir, ...account });
  if (code === 0) return;
  throw new DomainError(
    'INTERNAL',
    'POSTGRES_INIT_FAILED',
    `initdb ended with code ${code}. The end of ${logFile}:\n${await logTail(logFile)}`,
    { details: { dir } },
  );
}

/** The server of an earlier process on the same data, if it still runs, or once it has ended, nothing. */
async function takeOver(cluster: Cluster): Promise<Server | undefined> {
  const server = await recordedServer(cluster.dir);
  if (server === undefined) return undefined;
  if (!(await isServerOf(cluster.dir, server.pid))) {
    await removeStalePidFile(cluster.dir, server.pid);
    return undefined;
  }
  cluster.options.onProgress?.({ step: `PostgreSQL: taking over the running server ${server.pid}` });
  const wanted = cluster.options.port ?? 0;
  const answer = await waitUntil(
    async () => {
      if (!(await isAlive(server.pid))) return 'ended';
      return (await answers(cluster, server.port)) ? 'ready' : undefined;
    },
    { withinMs: START_WITHIN_MS },
  );
  if (answer === 'ready' && (wanted === 0 || wanted === server.port)) return server;
  await endProcess(server.pid, 'SIGINT', STOP_WITHIN_MS);
  return undefined;
}

/** Lines 1 and 4 of postmaster.pid. */
async function recordedServer(dir: string): Promise<Server | undefined> {
  const path = join(dir, 'postmaster.pid');
  if (!(await exists(path))) return undefined;
  const lines = (await readFile(path, 'utf8')).split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

async function isServerOf(dir: string, pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || !(await isAlive(pid))) return false;
  const commandLine = await commandLineOf(pid);
  return commandLine === undefined || commandLine.includes(dir);
}

/**
 * PostgreSQL discards the file of a dead server itself, with checks of its own; it cannot tell when the pid now
 * belongs to somebody else.
 */
async function removeStalePidFile(dir: string, pid: number): Promise<void> {
  if (await isAlive(pid)) await rm(join(dir, 'postmaster.pid'), { force: true });
}

/**
 * Tries again while the workers of a killed server still hold its shared memory, and when the free port was
 * taken in between.
 */
async function startServer(cluster: Cluster): Promise<Server> {
  const deadline = systemClock.monotonicMs() + START_WITHIN_MS;
  const wanted = cluster.options.port ?? 0;
  cluster.options.onProgress?.({ step: 'PostgreSQL: starting' });
  for (;;) {
    const port = await choosePort(wanted);
    const server = await launchServer(cluster, port);
    if (await isReady(cluster, server, port)) return { pid: server.pid, port };
    if (systemClock.monotonicMs() < deadline && server.exitCode() !== undefined) continue;
    throw new DomainError(
      'UNAVAILABLE',
      'POSTGRES_NOT_READY',
      `PostgreSQL did not become ready. The end of ${cluster.logFile}:\n${await logTail(cluster.logFile)}`,
      { details: { dir: cluster.dir } },
    );
  }
}

async function choosePort(wanted: number): Promise<number> {
  if (wanted === 0) return freePort();
  const port = await tryPort(wanted);
  if (port !== undefined) return port;
  throw new DomainError(
    'FAILED_PRECONDITION',
    'PORT_IN_USE',
    `Port ${wanted} on 127.0.0.1 is taken by another program. Stop it or choose another port for PostgreSQL.`,
    { details: { port: String(wanted) } },
  );
}

function launchServer(cluster: Cluster, port: number): Promise<Launched> {
  const settings = {
    max_connections: '200',
    unix_socket_directories: '',
    logging_collector: 'off',
    ...cluster.options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', cluster.dir, '-h', '127.0.0.1', '-p', String(port), ...flags];
  return launch(cluster.binaries.postgres, args, { logFile: cluster.logFile, cwd: cluster.dir, ...cluster.account });
}

async function isReady(cluster: Cluster, server: Launched, port: number): Promise<boolean> {
  const ready = await waitUntil(
    async () => {
      if (server.exitCode() !== undefined) return false;
      return (await answers(cluster, port)) ? true : undefined;
    },
    { withinMs: START_WITHIN_MS, everyMs: 50 },
  );
  if (ready === undefined) await endProcess(server.pid, 'SIGINT', STOP_WITHIN_MS);
  return ready === true;
}

/** True only for the server on this very data: another one may listen on the port by now. */
async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl(cluster, port), connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ dir: string }>("select current_setting('data_directory') as dir");
    return rows[0]?.dir === cluster.dir;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function adminUrl(cluster: Cluster, port: number): string {
  return `postgresql://postgres:${encodeURIComponent(cluster.password)}@127.0.0.1:${port}/postgres`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
