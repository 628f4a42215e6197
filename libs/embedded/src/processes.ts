import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { waitUntil } from './wait-until.ts';

const run = promisify(execFile);

/** A process that has ended but was not reaped (a container without an init keeps such) counts as ended. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = await linuxStat(pid);
  return stat === undefined || !isDead(stat);
}

/** A killed process of many threads looks like a zombie first, and holds its ports until the last thread is gone. */
function isDead(stat: readonly string[]): boolean {
  const [state] = stat;
  const threads = Number(stat[17]);
  return state === 'X' || (state === 'Z' && threads <= 1);
}

/**
 * Tells two processes with the same pid apart: process ids are used again, after a reboot very soon.
 * `undefined` where the system does not say.
 */
export async function startedAt(pid: number): Promise<string | undefined> {
  const stat = await linuxStat(pid);
  if (stat !== undefined) return `${await bootId()}:${stat[19]}`;
  return process.platform === 'win32' ? undefined : ps(pid, 'lstart=');
}

/** What the process runs, or `undefined` when it is just ending, has ended, or the system does not say. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const raw = await readOptional(`/proc/${pid}/cmdline`);
    return raw?.replaceAll('\0', ' ') || undefined;
  }
  return process.platform === 'win32' ? undefined : ps(pid, 'command=');
}

/** Asks politely, then insists: resolves only when the process has ended. */
export async function endProcess(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  sendSignal(pid, signal);
  if (await hasEnded(pid, graceMs)) return;
  sendSignal(pid, 'SIGKILL');
  if (await hasEnded(pid, 10_000)) return;
  throw new Error(`process ${pid} does not end, not even after SIGKILL; look at it with ps -fp ${pid}`);
}

export async function hasEnded(pid: number, withinMs: number): Promise<boolean> {
  const ended = await waitUntil(async () => ((await isAlive(pid)) ? undefined : true), { withinMs, everyMs: 50 });
  return ended === true;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The fields of /proc/<pid>/stat after the command name, which may itself contain blanks and brackets. */
async function linuxStat(pid: number): Promise<string[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  const raw = await readOptional(`/proc/${pid}/stat`);
  return raw?.slice(raw.lastIndexOf(')') + 2).split(' ');
}

async function bootId(): Promise<string> {
  return ((await readOptional('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function ps(pid: number, column: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', column, '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}
