import { readFile } from 'node:fs/promises';

/** What Linux counts CPU time in for user programs, on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;
/** Places of utime and stime behind the name, which may hold spaces and brackets itself. */
const UTIME = 11;
const STIME = 12;

/** CPU time that a process has used so far, in user and kernel mode, of all its threads. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[UTIME]) + Number(fields[STIME])) * 1_000) / TICKS_PER_SECOND;
}
