import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DomainError } from '@ostro/kernel';
import type { PostgresBinaries } from './postgres-binaries.ts';

const run = promisify(execFile);

/** Who the server runs as. PostgreSQL refuses to run as root, for good reasons. */
export interface PostgresAccount {
  readonly uid?: number;
  readonly gid?: number;
  /** Words in front of every command line. */
  readonly prefix: readonly string[];
}

/**
 * Creates the cluster's directory and finds an account that can use it. An ordinary user is that account. For
 * root it is the user `postgres` where there is one that can reach the directories, else root itself without
 * its powers in a user namespace (a checkout below /root works so), else a `postgres` user made for the purpose.
 * An existing cluster keeps the account that owns it.
 */
export async function postgresAccount(binaries: PostgresBinaries, clusterDir: string): Promise<PostgresAccount> {
  await mkdir(clusterDir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return { prefix: [] };
  const { uid: owner } = await stat(clusterDir);
  const candidates = [() => userPostgres(), () => Promise.resolve(namespaced), () => newUserPostgres()];
  for (const candidate of candidates) {
    const account = await candidate();
    if (account !== undefined && (await canServe(account, binaries, clusterDir, owner))) return account;
  }
  throw new DomainError(
    'FAILED_PRECONDITION',
    'POSTGRES_REFUSES_ROOT',
    `PostgreSQL does not run as root, and no other account can use ${clusterDir} and ${binaries.postgres}. ` +
      'Run as an ordinary user, or choose a data directory and a checkout that the user postgres may enter ' +
      '(no parent with mode 0700), or set DATABASE_URL to a PostgreSQL server of yours.',
    { details: { clusterDir } },
  );
}

const namespaced: PostgresAccount = {
  uid: 0,
  gid: 0,
  prefix: ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'],
};

async function userPostgres(): Promise<PostgresAccount | undefined> {
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid, prefix: [] };
}

async function newUserPostgres(): Promise<PostgresAccount | undefined> {
  const made = await succeeds('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  return made ? userPostgres() : undefined;
}

async function idOf(flag: '-u' | '-g'): Promise<number | undefined> {
  try {
    return Number((await run('id', [flag, 'postgres'])).stdout);
  } catch {
    return undefined;
  }
}

/** Asks the system by trying: modes, ACLs, mounts and namespaces all have their say. */
async function canServe(
  account: PostgresAccount,
  binaries: PostgresBinaries,
  clusterDir: string,
  owner: number,
): Promise<boolean> {
  const isNew = owner === 0 && !(await succeeds('test', ['-e', `${clusterDir}/PG_VERSION`]));
  if (!isNew && owner !== account.uid) return false;
  if (isNew) await giveTo(account, clusterDir);
  const usable =
    (await trial(account, binaries.initdb, ['--version'])) && (await trial(account, 'test', ['-w', clusterDir]));
  if (!usable && isNew) await chown(clusterDir, 0, 0);
  return usable;
}

async function giveTo(account: PostgresAccount, path: string): Promise<void> {
  await chown(path, account.uid ?? 0, account.gid ?? 0);
  await chmod(path, 0o700);
}

function trial(account: PostgresAccount, command: string, args: readonly string[]): Promise<boolean> {
  const [file = command, ...rest] = [...account.prefix, command, ...args];
  return succeeds(file, rest, account);
}

async function succeeds(file: string, args: readonly string[], account?: PostgresAccount): Promise<boolean> {
  try {
    await run(file, args, { cwd: '/', uid: account?.uid, gid: account?.gid });
    return true;
  } catch {
    return false;
  }
}
