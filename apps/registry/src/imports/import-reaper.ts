import type { Clock } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { Logger } from '@ostro/telemetry';
import type { Staging } from '../blobs/staging.ts';
import type { ImportsRepository } from './imports.repository.ts';
import { pause } from './pause.ts';

const EVERY_MS = 60_000;
const ABANDONED_AFTER_MS = 24 * 3_600_000;

export interface ReaperParts {
  readonly transactions: TransactionRunner;
  readonly imports: ImportsRepository;
  readonly staging: Staging;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** Ends uploads that nobody goes on with, and removes the bytes of imports that ended while nobody looked. */
export class ImportReaper {
  readonly #parts: ReaperParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: ReaperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async reap(): Promise<void> {
    const { transactions, imports, staging, clock } = this.#parts;
    const now = clock.now();
    await transactions.run(async (tx) => {
      const abandoned = await imports.abandonedBefore(tx, new Date(now.getTime() - ABANDONED_AFTER_MS));
      for (const { id } of abandoned) await imports.change(tx, id, { state: 'cancelled', updatedAt: now });
    });
    const held = await staging.imports();
    const live = await transactions.run((tx) => imports.live(tx, held));
    for (const id of held) if (!live.has(id)) await staging.remove(id);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.reap();
      } catch (err) {
        this.#parts.logger.warn({ err }, 'bytes of ended imports stay until the next try');
      }
      await pause(EVERY_MS, this.#stopping.signal);
    }
  }
}
