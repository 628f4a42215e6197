import { setTimeout as delay } from 'node:timers/promises';
import { currentEpoch, type TransactionRunner } from '@ostro/persistence';
import type { KeysRepository } from '../keys/keys.repository.ts';
import type { ApiKeyRecords } from './api-key-records.ts';

const BEAT_MS = 1_000;
const BATCH = 500;

export interface KeyTopicOptions {
  /** A beat that could not be written; the next one follows all the same. */
  readonly onError: (error: unknown) => void;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** What the topic of keys needs beside changes of keys: a beat each second, and everything anew after a restore. */
export class KeyTopic {
  readonly #stopping = new AbortController();
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  #beating: Promise<void> | undefined;

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly keys: KeysRepository,
    private readonly records: ApiKeyRecords,
    private readonly options: KeyTopicOptions,
  ) {
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal }));
  }

  /**
   * Publishes every key again under a new epoch, once: records of before a restore may be newer than what the
   * restored database knows, and gateways drop them for these.
   */
  async republishAfterRestore(): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      if (!(await this.keys.claimEpoch(tx, await currentEpoch(tx)))) return false;
      for (let last = '', more = true; more;) {
        const keys = await this.keys.after(tx, last, BATCH);
        await this.records.append(tx, keys);
        last = keys.at(-1)?.id ?? last;
        more = keys.length === BATCH;
      }
      return true;
    });
  }

  start(): void {
    this.#beating ??= this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.transactions.run((tx) => this.records.appendBeats(tx));
        await this.#sleep(BEAT_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.options.onError(error);
        await this.#sleep(BEAT_MS, signal).catch(() => undefined);
      }
    }
  }
}
