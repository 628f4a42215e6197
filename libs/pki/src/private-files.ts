import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes files only their owner may read, in the order given. Each is whole or absent whatever happens meanwhile;
 * a crash between a key and its certificate leaves a pair that does not fit, which readers detect.
 */
export async function writePrivate(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  for (const [name, text] of Object.entries(files)) {
    const temporary = join(dir, `.${name}.${randomBytes(6).toString('hex')}`);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(dir, name));
  }
}
