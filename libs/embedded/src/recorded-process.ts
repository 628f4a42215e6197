import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { endProcess, isAlive, startedAt } from './processes.ts';

interface Recorded {
  readonly pid: number;
  readonly startedAt: string | undefined;
}

/** Writes down which process was started, so that a later start can end it if its parent was killed. */
export async function recordProcess(file: string, pid: number): Promise<void> {
  const recorded: Recorded = { pid, startedAt: await startedAt(pid) };
  await writeFile(`${file}.new`, JSON.stringify(recorded), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Ends the process a record names, if it still runs. A process that only has the same number is not touched: its start
 * time differs, and where the system does not tell start times nothing is ended.
 */
export async function endRecordedProcess(file: string, graceMs: number): Promise<boolean> {
  const recorded = await read(file);
  if (recorded === undefined) return false;
  const isSame =
    recorded.startedAt !== undefined &&
    (await isAlive(recorded.pid)) &&
    (await startedAt(recorded.pid)) === recorded.startedAt;
  if (isSame) await endProcess(recorded.pid, 'SIGTERM', graceMs);
  await rm(file, { force: true });
  return isSame;
}

async function read(file: string): Promise<Recorded | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Recorded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
