import type { TransactionRunner } from '@ostro/persistence';
import type { Clock } from '@ostro/kernel';
import type { Staging } from '../blobs/staging.ts';
import type { Import, ImportedFile } from '../domain/import.ts';
import { MAX_MODEL_BYTES } from '../domain/manifest.ts';
import type { Sources } from '../sources/sources.ts';
import type { Claim, ImportsRepository } from './imports.repository.ts';
import type { Publication } from './publication.ts';
import { transfer } from './transfer.ts';
import type { Verification } from './verification.ts';

/** A claimed import under work. */
export interface Work {
  readonly claim: Claim;
  readonly imported: Import;
  /** Aborts when the claim is lost or the process stops. */
  readonly signal: AbortSignal;
  /** Called as bytes arrive, with how many are there in all. */
  readonly onProgress: (receivedBytes: number) => void;
}

export interface WorkerParts {
  readonly transactions: TransactionRunner;
  readonly imports: ImportsRepository;
  readonly sources: Sources;
  readonly staging: Staging;
  readonly verification: Verification;
  readonly publication: Publication;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Carries a claimed import as far as it goes. Every step is kept before the next begins and may be repeated, so the
 * first try and the try after a crash are the same code.
 */
export class ImportWorker {
  constructor(private readonly parts: WorkerParts) {}

  async work(work: Work): Promise<void> {
    const { verification, publication, sources } = this.parts;
    const transferred = work.imported.state === 'transferring' ? await this.#transfer(work) : work.imported;
    const files = await verification.hashed(transferred);
    work.signal.throwIfAborted();
    await this.#save(work, { files });
    const verified = await verification.verify(transferred.id, files);
    work.signal.throwIfAborted();
    await verification.adopt(transferred.id, files);
    const licence = verified.licence || sources.licenceOf(transferred.source);
    await publication.publish(work.claim, transferred, { ...verified, licence });
  }

  async #transfer(work: Work): Promise<Import> {
    const { staging, sources } = this.parts;
    const { imported, signal } = work;
    const source = sources.of(imported.source);
    let files = imported.files.length > 0 ? imported.files : await source.list(signal);
    for (let index = 0; index < files.length; index++) {
      const file = files[index]!;
      if (file.sha256 !== null) continue;
      const keep = (changed: ImportedFile) => {
        files = files.with(index, changed);
        return this.#save(work, { files, totalBytes: totalOf(files) });
      };
      const done = await staging.use(imported.id, index, (staged, displaced) => {
        const before = receivedOf(files);
        return transfer(source, file, staged, {
          roomBytes: MAX_MODEL_BYTES - before,
          observer: { described: keep, received: () => work.onProgress(before + staged.size) },
          signal: AbortSignal.any([signal, displaced]),
        });
      });
      await keep(done);
    }
    const receivedBytes = receivedOf(files);
    await this.#save(work, { state: 'verifying', files, receivedBytes, totalBytes: receivedBytes });
    return { ...imported, state: 'verifying', files };
  }

  #save({ claim }: Work, changes: Partial<Import>): Promise<void> {
    const { transactions, imports, clock } = this.parts;
    return transactions.run((tx) => imports.save(tx, claim, { ...changes, updatedAt: clock.now() }));
  }
}

/** Bytes of the files that are complete. */
function receivedOf(files: readonly ImportedFile[]): number {
  return files.reduce((sum, { sha256, sizeBytes }) => sum + (sha256 === null ? 0 : (sizeBytes ?? 0)), 0);
}

/** 0 while the size of any file is unknown. */
function totalOf(files: readonly ImportedFile[]): number {
  const sizes = files.map(({ sizeBytes }) => sizeBytes);
  return sizes.every((size) => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : 0;
}
