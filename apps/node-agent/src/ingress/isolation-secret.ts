import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Sensitive } from '@ostro/kernel';

const BYTES = 32;

/** Made once for each node and kept, so that model servers that outlive an agent know organizations by the same names. */
export async function isolationSecret(path: string): Promise<Sensitive<Buffer>> {
  const kept = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept?.length === BYTES) return new Sensitive(kept);
  const made = randomBytes(BYTES);
  await writeFile(path, made, { mode: 0o600, flush: true });
  return new Sensitive(made);
}
