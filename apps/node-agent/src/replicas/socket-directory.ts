import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The kernel's limit for the path of a unix socket is 108 bytes with the NUL; `/rep_<32 hex>.sock` takes 42. */
const LONGEST_DIRECTORY = 65;

/** Where model servers listen: below the data directory, unless its path leaves no room for a socket's name. */
export function socketDirectory(dataDir: string): string {
  const preferred = join(dataDir, 'sockets');
  if (Buffer.byteLength(preferred) <= LONGEST_DIRECTORY) return preferred;
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `ostro-${name}`);
}
