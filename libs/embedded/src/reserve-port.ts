import { randomInt } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import { tryPort } from './free-port.ts';
import { commandLineOf } from './processes.ts';

/** Below what Linux, macOS and Windows hand to outgoing connections, which would take a port between choice and use. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/**
 * The wanted port on loopback, or a free one for 0, known before anybody binds it.
 *
 * @throws DomainError UNAVAILABLE (PORT_IN_USE) naming who holds it, where the system tells, and the flag to use.
 */
export async function reservePort(wanted: number, flag: string): Promise<number> {
  const port = wanted === 0 ? await anyPort() : await tryPort(wanted);
  if (port !== undefined) return port;
  const holder = await portHolder(wanted);
  throw new DomainError(
    'UNAVAILABLE',
    'PORT_IN_USE',
    `port ${wanted} is taken${holder ? ` by ${holder}` : ''}: stop it, or choose another with ${flag}`,
    { details: { port: String(wanted), flag } },
  );
}

async function anyPort(): Promise<number> {
  for (;;) {
    const port = await tryPort(randomInt(FIRST_PORT, LAST_PORT));
    if (port !== undefined) return port;
  }
}

/** "process 4711 (nginx: master)" for a listening TCP port; Linux only, and only what this user may see. */
async function portHolder(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const inodes = await listeningSockets(port);
  for (const pid of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(pid) || !(await holdsOne(pid, inodes))) continue;
    const command = (await commandLineOf(Number(pid)))?.trim().slice(0, 80);
    return `process ${pid}${command ? ` (${command})` : ''}`;
  }
  return undefined;
}

/** Columns of /proc/net/tcp: 1 is the local address with the port in hex, 3 the state (0A listens), 9 the inode. */
async function listeningSockets(port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  return new Set(rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A').map((row) => `socket:[${row[9]}]`));
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return links.some((link) => sockets.has(link));
}
