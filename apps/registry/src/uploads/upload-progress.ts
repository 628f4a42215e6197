import type { Clock, Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { Staging } from '../blobs/staging.ts';
import type { Import } from '../domain/import.ts';
import type { ImportChanges } from '../imports/import-changes.ts';
import type { ImportsRepository } from '../imports/imports.repository.ts';

const EVERY_MS = 1_000;

/** Tells the database how far uploads are, once a second each however fast bytes arrive. */
export class UploadProgress {
  readonly #toldAt = new Map<Id<'imp'>, number>();

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly imports: ImportsRepository,
    private readonly staging: Staging,
    private readonly changes: ImportChanges,
    private readonly clock: Clock,
  ) {}

  /** `force` at the end of a request, so that the last bytes are never missing from what is told. */
  async tell({ id, files }: Import, { force }: { force: boolean }): Promise<void> {
    const now = this.clock.monotonicMs();
    if (!force && now - (this.#toldAt.get(id) ?? -Infinity) < EVERY_MS) return;
    if (force) this.#toldAt.delete(id);
    else this.#toldAt.set(id, now);
    const sizes = await Promise.all(files.map((_, index) => this.staging.sizeOf(id, index)));
    const received = sizes.reduce((sum, size) => sum + size, 0);
    await this.transactions.run((tx) => this.imports.touch(tx, id, received, this.clock.now()));
    this.changes.tell();
  }
}
