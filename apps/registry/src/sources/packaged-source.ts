import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { fileToImport, type ImportedFile } from '../domain/import.ts';
import type { CatalogueEntry } from '../models/catalogue.ts';
import { type Content, ContentSource } from './content-source.ts';

/** A model that lies in the folder of packaged models. The catalogue pins what it must hash to. */
export class PackagedSource extends ContentSource {
  readonly #directory: string;
  readonly #entry: CatalogueEntry;

  /** @throws DomainError FAILED_PRECONDITION (NO_PACKAGED_MODELS) */
  constructor(directory: string | undefined, entry: CatalogueEntry) {
    super();
    if (directory === undefined) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'NO_PACKAGED_MODELS',
        'this registry has no packaged models; set OSTRO_PACKAGED_MODEL_DIR, or upload the file',
      );
    }
    this.#directory = directory;
    this.#entry = entry;
  }

  list(): Promise<readonly ImportedFile[]> {
    const { file, sizeBytes, sha256 } = this.#entry;
    return Promise.resolve([fileToImport(file, { sizeBytes, expectedSha256: sha256 })]);
  }

  async open({ path, sizeBytes }: ImportedFile, from: number, signal: AbortSignal): Promise<Content> {
    const bytes = createReadStream(join(this.#directory, path), { start: from, highWaterMark: 1_048_576, signal });
    const content = { startsAt: from, sizeBytes, validator: null };
    return { ...content, bytes: explained(bytes, path) };
  }
}

async function* explained(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new DomainError(
      'FAILED_PRECONDITION',
      'PACKAGED_MODEL_MISSING',
      `${path} is not in the folder of packaged models; run the installation again to fetch it`,
      { details: { path }, cause },
    );
  }
}
