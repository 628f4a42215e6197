import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './progress.mjs';

const HEARTBEAT_MS = 2_000;
/** A holder that has not touched its lock for this long was stopped, or its pid belongs to somebody else by now. */
const STALE_AFTER_MS = 20_000;
const POLL_MS = 200;

/**
 * Runs `work` while no other process on this machine does: two terminals, or a test run beside `npm start`, must not
 * install into the same node_modules at once. A lock whose holder died is taken over.
 */
export async function withLock(path, work) {
  await acquire(path);
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), HEARTBEAT_MS);
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

async function acquire(path) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    let announced = false;
    while (!tryLink(mine, path)) {
      const holder = read(path);
      if (holder !== undefined && isStale(holder)) removeStale(path, holder.pid);
      else if (!announced && holder !== undefined) {
        say(`waiting for another start of Ostro in this clone (pid ${holder.pid}) to finish its set-up`);
        announced = true;
      }
      await delay(POLL_MS);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A hard link appears with its content in one step, so nobody ever reads a lock without a pid. */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(path) {
  try {
    return { pid: Number(readFileSync(path, 'utf8')), touchedAt: statSync(path).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isStale({ pid, touchedAt }) {
  if (Date.now() - touchedAt > STALE_AFTER_MS) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Moves the lock aside before deleting it; when a live one was moved (another process was quicker), puts it back. */
function removeStale(path, stalePid) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (read(aside)?.pid !== stalePid) tryLink(aside, path);
  rmSync(aside, { force: true });
}
