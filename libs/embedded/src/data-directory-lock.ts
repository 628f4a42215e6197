import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { isAlive, startedAt } from './processes.ts';

const LOCK_FILE = 'ostro.lock';

interface Holder {
  readonly pid: number;
  readonly startedAt: string | undefined;
}

export interface DataDirectoryLock {
  release(): Promise<void>;
}

/**
 * One process at a time owns a data directory. A lock left by a process that was killed is taken over; one
 * held by a living process refuses with FAILED_PRECONDITION / DATA_DIRECTORY_IN_USE and names its pid.
 * Works between processes of one machine: do not put a data directory on a network share.
 */
export async function lockDataDirectory(dataDir: string): Promise<DataDirectoryLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const path = join(dataDir, LOCK_FILE);
  const mine = JSON.stringify({ pid: process.pid, startedAt: await startedAt(process.pid) } satisfies Holder);
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await createOnce(path, mine)) return { release: () => removeIfStill(path, mine) };
    const seen = await readOptional(path);
    if (seen === undefined) continue;
    const holder = parseHolder(seen);
    if (holder !== undefined && (await isStillThere(holder))) throw inUse(dataDir, holder.pid, path);
    await removeIfStill(path, seen);
  }
  throw inUse(dataDir, undefined, path);
}

/** The file appears with its content or not at all: nobody ever reads a half-written lock of a living process. */
async function createOnce(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o644 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

/** Moves the file away before looking at it again, so that a lock taken in between is put back and not lost. */
async function removeIfStill(path: string, expected: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== expected) await createOnce(path, moved);
  await rm(aside);
}

async function isStillThere(holder: Holder): Promise<boolean> {
  if (!(await isAlive(holder.pid))) return false;
  return holder.startedAt === undefined || holder.startedAt === (await startedAt(holder.pid));
}

/** A damaged or foreign lock has no holder to respect. */
function parseHolder(content: string): Holder | undefined {
  try {
    const value = JSON.parse(content) as Partial<Holder>;
    return typeof value.pid === 'number' ? { pid: value.pid, startedAt: value.startedAt } : undefined;
  } catch {
    return undefined;
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function inUse(dataDir: string, pid: number | undefined, path: string): DomainError {
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return new DomainError(
    'FAILED_PRECONDITION',
    'DATA_DIRECTORY_IN_USE',
    `${dataDir} is in use by ${holder}. Stop that process, or choose another data directory. ` +
      `The lock is the file ${path}; it frees itself when its process ends.`,
    { details: { dataDir, ...(pid === undefined ? {} : { pid: String(pid) }) } },
  );
}
