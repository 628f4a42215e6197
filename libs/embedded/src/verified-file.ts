import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** What a lock file promises about a file. */
export interface Checksum {
  readonly bytes: number;
  readonly sha256: string;
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** False for a missing, cut off or altered file. The size is looked at first because it costs nothing. */
export async function isVerified(path: string, expected: Checksum): Promise<boolean> {
  try {
    if ((await stat(path)).size !== expected.bytes) return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  return (await sha256Of(path)) === expected.sha256;
}
