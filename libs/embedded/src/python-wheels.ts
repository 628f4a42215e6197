import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1_000;

/** A wheel as pip is to fetch it: one hash per platform, pip picks the one that fits. */
export interface LockedWheel {
  /** name==version */
  readonly requirement: string;
  readonly sha256: readonly string[];
}

/**
 * Downloads one wheel with pip into `directory`, under pip's own settings (index, proxy, certificates). pip
 * refuses anything whose hash is not in the lock.
 */
export async function downloadWheel(wheel: LockedWheel, directory: string, requirementsFile: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const what = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--ignore-requires-python'];
  const how = ['--quiet', '--progress-bar=off', '--disable-pip-version-check', '--dest', directory];
  const args = ['-m', 'pip', 'download', ...what, ...how, '--requirement', requirementsFile];
  for (let attempt = 1; ; attempt++) {
    try {
      await run(PYTHON, args);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) {
        throw new Error(`pip could not download ${wheel.requirement}: ${lastLine(error)}`, { cause: error });
      }
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** pip reads hashes only from a file, all of one requirement on its line. */
export function requirementLine(wheel: LockedWheel): string {
  return `${wheel.requirement} ${wheel.sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
}

/** Python's own zip reader: it is there whenever pip is. It does not keep file modes. */
export async function unpackWheel(wheelFile: string, directory: string): Promise<void> {
  await run(PYTHON, ['-m', 'zipfile', '-e', wheelFile, join(directory, '')]);
}

const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? '').trim().split('\n').at(-1) || message;
}
