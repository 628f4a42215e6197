import { type Clock, isDomainError } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { Logger } from '@ostro/telemetry';
import type { Staging } from '../blobs/staging.ts';
import type { Import } from '../domain/import.ts';
import { failureOf, retryAfterMs } from '../domain/import-failure.ts';
import type { ImportChanges } from './import-changes.ts';
import type { ImportWorker } from './import-worker.ts';
import type { Claim, ImportsRepository } from './imports.repository.ts';
import { pause } from './pause.ts';

/** Imports under work at a time: they share one network and one disk. */
const CONCURRENCY = 2;
const POLL_MS = 1_000;
const PROGRESS_MS = 500;

export interface ReconcilerParts {
  readonly transactions: TransactionRunner;
  readonly imports: ImportsRepository;
  readonly worker: ImportWorker;
  readonly staging: Staging;
  readonly changes: ImportChanges;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly leaseMs: number;
}

/**
 * Claims imports that need work and carries them on, whoever began them. Between tries it keeps nothing in memory, so a
 * registry that was killed is one whose claims run out.
 */
export class ImportReconciler {
  readonly #parts: ReconcilerParts;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  start(): void {
    for (let index = 0; index < CONCURRENCY; index++) this.#running.push(this.#run());
  }

  /** Imports under work are given back at once, for whoever comes next. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    const { logger, changes } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      const news = changes.signal();
      try {
        if (await this.#workOnce()) continue;
      } catch (err) {
        logger.warn({ err }, 'imports stand still until the database answers');
      }
      await pause(POLL_MS, AbortSignal.any([news, this.#stopping.signal]));
    }
  }

  /** @returns false when nothing waits. */
  async #workOnce(): Promise<boolean> {
    const { transactions, imports, leaseMs, changes, staging } = this.#parts;
    const taken = await transactions.run((tx) => imports.claim(tx, leaseMs));
    if (taken === undefined) return false;
    const hasEnded = await this.#carryOn(taken.claim, taken.claimed);
    changes.tell();
    if (hasEnded) await staging.remove(taken.claim.importId);
    return true;
  }

  /** @returns whether the import has ended and leaves nothing to go on with. */
  async #carryOn(claim: Claim, imported: Import): Promise<boolean> {
    const lost = new AbortController();
    const done = new AbortController();
    const progress = { receivedBytes: imported.receivedBytes };
    const holding = this.#hold(claim, progress, done.signal).catch((error: unknown) => lost.abort(error));
    try {
      await this.#parts.worker.work({
        claim,
        imported,
        signal: AbortSignal.any([lost.signal, this.#stopping.signal]),
        onProgress: (receivedBytes) => void (progress.receivedBytes = receivedBytes),
      });
      return true;
    } catch (error) {
      const gotFurther = progress.receivedBytes > imported.receivedBytes;
      return await this.#putDown({ ...claim, failures: gotFurther ? 0 : claim.failures }, lost.signal.reason ?? error);
    } finally {
      done.abort();
      await holding;
    }
  }

  /** Renews the claim and tells the progress, at a bounded rate, until the work is done. */
  async #hold(claim: Claim, progress: { readonly receivedBytes: number }, done: AbortSignal): Promise<void> {
    const { transactions, imports, clock, leaseMs, changes } = this.#parts;
    let told = progress.receivedBytes;
    for (;;) {
      await pause(Math.min(PROGRESS_MS, leaseMs / 3), done);
      if (done.aborted) return;
      const { receivedBytes } = progress;
      const moved = { receivedBytes, ...(receivedBytes !== told && { updatedAt: clock.now() }) };
      await transactions.run((tx) => imports.renew(tx, claim, leaseMs, moved));
      told = receivedBytes;
      changes.tell();
    }
  }

  /** After a failure: ended with its reason, or given back for another try. */
  async #putDown(claim: Claim, error: unknown): Promise<boolean> {
    const { transactions, imports, clock, logger } = this.#parts;
    if (isDomainError(error) && error.reason === 'CLAIM_LOST') return false;
    const isStopping = this.#stopping.signal.aborted;
    const failures = isStopping ? claim.failures : claim.failures + 1;
    const failure = isStopping ? undefined : failureOf(error, failures);
    const importId = claim.importId;
    if (failure) {
      logger.info({ err: error, importId }, 'the import failed');
      const ended = { state: 'failed', error: failure, updatedAt: clock.now() } as const;
      await transactions.run((tx) => imports.save(tx, claim, ended));
      return true;
    }
    if (!isStopping) logger.warn({ err: error, importId, failures }, 'the import was interrupted and will be resumed');
    const afterMs = isStopping ? 0 : retryAfterMs(failures);
    await transactions.run((tx) => imports.release(tx, claim, afterMs, failures));
    return false;
  }
}
