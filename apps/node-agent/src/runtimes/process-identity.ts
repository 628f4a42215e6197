import { readFile } from 'node:fs/promises';
import { NONCE_VARIABLE } from '../model-server/model-server.config.ts';

/** What makes a process the same process: a pid alone is given to another one sooner or later. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process, as the kernel counts them. */
  readonly startTicks: string;
}

/** Fields after the name in /proc/<pid>/stat, which is in brackets and may itself hold spaces and brackets. */
const STATE = 0;
const START_TICKS = 19;
const DEAD_STATES = ['Z', 'X', 'x'];

/** The living process with this pid, or undefined: none, or one that has ended and only waits to be reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields[START_TICKS];
  if (startTicks === undefined || DEAD_STATES.includes(fields[STATE] ?? '')) return undefined;
  return { bootId: await bootId(), pid, startTicks };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identify(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Whether the process was started with this nonce; false too for a process whose environment we may not read. */
export async function carriesNonce(pid: number, nonce: string): Promise<boolean> {
  const environment = await readIfThere(`/proc/${pid}/environ`);
  return environment?.split('\0').includes(`${NONCE_VARIABLE}=${nonce}`) ?? false;
}

/** Changes with each boot of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

const GONE_OR_FOREIGN = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (GONE_OR_FOREIGN.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
