import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { errnoOf } from './failures.ts';

const heldHere = new Set<string>();

/**
 * One process writes a spool. The owner is a pid and, where /proc tells it, the time that process started, so that a
 * pid that is used again (always 1 in a container) does not lock a spool for ever.
 * @returns what releases it.
 * @throws DomainError FAILED_PRECONDITION (SPOOL_IN_USE) while the owner lives.
 */
export function lockOwner(dir: string): () => void {
  const path = join(resolve(dir), 'owner');
  const owner = read(path);
  if (heldHere.has(path) || (owner !== undefined && owner !== identityOf(process.pid) && isAlive(owner))) {
    throw new DomainError('FAILED_PRECONDITION', 'SPOOL_IN_USE', `${dir} is in use by ${owner}: stop that process`, {
      details: { dir, owner: owner ?? '' },
    });
  }
  writeFileSync(path, identityOf(process.pid), { mode: 0o600 });
  heldHere.add(path);
  return () => {
    heldHere.delete(path);
    rmSync(path, { force: true });
  };
}

function isAlive(owner: string): boolean {
  const pid = Number.parseInt(owner, 10);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
  }
  return identityOf(pid) === owner;
}

function identityOf(pid: number): string {
  // Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and ends with the last parenthesis.
  const stat = read(`/proc/${pid}/stat`);
  const startedAt = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return startedAt === undefined ? `${pid}` : `${pid} ${startedAt}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
