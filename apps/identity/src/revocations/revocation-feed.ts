import { setTimeout as delay } from 'node:timers/promises';
import type { Generation } from '@ostro/kernel';
import { currentEpoch, type TransactionRunner } from '@ostro/persistence';
import type { ApiKey } from '../domain/api-key.ts';
import type { KeysRepository } from '../keys/keys.repository.ts';

const BEAT_MS = 1_000;
const BATCH = 500;

/** Keys that lost rights, under the owner's present epoch. */
export interface Removals {
  readonly epoch: bigint;
  readonly keys: readonly ApiKey[];
  /** Whether none is missing up to now. */
  readonly isComplete: boolean;
}

/**
 * The second channel of revocations: it reads the database, so it works while Kafka does not. A change made by this
 * process is told at once, one made by another within a second.
 */
export class RevocationFeed {
  readonly #stopping = new AbortController();
  #news = new AbortController();

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly keys: KeysRepository,
    private readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) =>
      delay(ms, undefined, { signal }),
  ) {}

  /** Call it after a commit that may have removed rights. */
  wake(): void {
    this.#news.abort();
    this.#news = new AbortController();
  }

  /** Ends every watch, so that a server which drains does not wait for them. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * What is newer than `held`, then everything as it happens, and at least each second something. A watcher of
   * another epoch gets everything: generations of before a restore say nothing about those after it.
   */
  async *watch(held: Generation, gone: AbortSignal): AsyncGenerator<Removals> {
    let position = held;
    for (;;) {
      // Taken before looking: what happens while we look still wakes us.
      const ended = AbortSignal.any([gone, this.#stopping.signal]);
      const news = this.#news.signal;
      if (ended.aborted) return;
      const found = await this.#after(position);
      yield found;
      const newest = found.keys.at(-1);
      position = { epoch: found.epoch, generation: newest?.generation ?? startIn(found.epoch, position) };
      if (found.isComplete) await this.#pause(AbortSignal.any([ended, news]));
    }
  }

  #after(position: Generation): Promise<Removals> {
    return this.transactions.run(async (tx) => {
      const epoch = await currentEpoch(tx);
      const keys = await this.keys.removalsAfter(tx, startIn(epoch, position), BATCH);
      return { epoch, keys, isComplete: keys.length < BATCH };
    });
  }

  async #pause(signal: AbortSignal): Promise<void> {
    try {
      await this.sleep(BEAT_MS, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function startIn(epoch: bigint, position: Generation): bigint {
  return position.epoch === epoch ? position.generation : 0n;
}
