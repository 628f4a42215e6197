import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { identityV1 } from '@ostro/contracts';

const FORMAT = 1;

/**
 * The records that came by the second channel, on disk: a key that was revoked while Kafka was away stays revoked when
 * the gateway starts again before Kafka and identity are back.
 */
export class RevocationFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error when the file is damaged: rights that were taken away must not come back unnoticed. */
  async load(): Promise<readonly identityV1.ApiKeyRecord[]> {
    const text = await readIfThere(this.#path);
    if (text === undefined) return [];
    const { format, records } = JSON.parse(text) as { format: number; records: string[] };
    if (format !== FORMAT) throw new Error(`${this.#path} has format ${format}; this version reads ${FORMAT}`);
    return records.map((record) => identityV1.ApiKeyRecord.decode(Buffer.from(record, 'base64')));
  }

  /** Replaces the file; resolves when it is on disk. One call at a time. */
  async save(records: readonly identityV1.ApiKeyRecord[]): Promise<void> {
    const encoded = records.map((record) => Buffer.from(identityV1.ApiKeyRecord.encode(record).finish()));
    await replace(
      this.#path,
      JSON.stringify({ format: FORMAT, records: encoded.map((bytes) => bytes.toString('base64')) }),
    );
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.tmp`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
