import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@ostro/kernel';

const PROBE_INTERVAL_MS = 1_000;
const CHUNK = Buffer.alloc(64 * 1_024);

/**
 * Disk space kept back for the records of requests that already run: a file of zeros that is given up when the disk
 * is full. While it cannot be written again the spool is unhealthy, so admission stops before records are refused,
 * and starts again by itself when space is back.
 */
export class Headroom {
  readonly #path: string;
  readonly #bytes: number;
  readonly #clock: Clock;
  #isHeld = false;
  #probedAtMs = -Infinity;

  constructor(dir: string, bytes: number, clock: Clock) {
    this.#path = join(dir, 'headroom');
    this.#bytes = bytes;
    this.#clock = clock;
  }

  /** Tries at most once a second; one try costs a write and a sync of the reserve, only while it is missing. */
  isHeld(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#isHeld && nowMs - this.#probedAtMs >= PROBE_INTERVAL_MS) {
      this.#probedAtMs = nowMs;
      this.#isHeld = this.#fill();
    }
    return this.#isHeld;
  }

  /** @returns whether there was something to give up, and so whether trying again makes sense. */
  release(): boolean {
    const wasHeld = this.#isHeld;
    this.#isHeld = false;
    this.#probedAtMs = this.#clock.monotonicMs();
    if (wasHeld) rmSync(this.#path, { force: true });
    return wasHeld;
  }

  /** Any failure means the same: the disk cannot be relied upon now. */
  #fill(): boolean {
    try {
      const fd = openSync(this.#path, 'w', 0o600);
      try {
        for (let done = 0; done < this.#bytes;) {
          done += writeSync(fd, CHUNK, 0, Math.min(CHUNK.length, this.#bytes - done), done);
        }
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      return true;
    } catch {
      rmSync(this.#path, { force: true });
      return false;
    }
  }
}
