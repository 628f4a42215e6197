interface Batch extends PromiseWithResolvers<void> {
  isDue: boolean;
}

/**
 * Lets many writers share one sync. Whoever joins is covered by a sync that starts after joining, at most `delayMs`
 * later, or when the one in progress ends if that is later.
 */
export class GroupCommit {
  readonly #sync: () => Promise<void>;
  readonly #delayMs: number;
  #next: Batch | undefined;
  #running: Promise<void> | undefined;

  constructor(sync: () => Promise<void>, delayMs: number) {
    this.#sync = sync;
    this.#delayMs = delayMs;
  }

  /** Resolves once what was written before the call is on disk; rejects with the error of the sync. */
  join(): Promise<void> {
    this.#next ??= this.#open();
    return this.#next.promise;
  }

  /** Ends when nothing is waiting. */
  async drain(): Promise<void> {
    while (this.#next !== undefined || this.#running !== undefined) {
      await (this.#next?.promise ?? this.#running)!.catch(() => undefined);
    }
  }

  #open(): Batch {
    const batch: Batch = { ...Promise.withResolvers<void>(), isDue: false };
    // Not everyone who joins waits; the error itself is reported by the sync.
    batch.promise.catch(() => undefined);
    setTimeout(() => {
      batch.isDue = true;
      this.#startIfDue();
    }, this.#delayMs);
    return batch;
  }

  #startIfDue(): void {
    const batch = this.#next;
    if (batch?.isDue !== true || this.#running !== undefined) return;
    this.#next = undefined;
    this.#running = this.#sync()
      .then(batch.resolve, batch.reject)
      .finally(() => {
        this.#running = undefined;
        this.#startIfDue();
      });
  }
}
