import { setTimeout as delay } from 'node:timers/promises';

export interface LoopOptions {
  readonly everyMs: number;
  /** A round failed; the next one comes all the same. */
  readonly onError: (error: unknown) => void;
  /** Ends early when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Does its work at once, then regularly and whenever it is woken; never twice at the same time. */
export class BackgroundLoop {
  readonly #stopping = new AbortController();
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  #waking = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly options: LoopOptions,
  ) {
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal }));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#waking.abort();
  }

  /** Waits for the round in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Renewed before the work: a wake-up that arrives while it runs is not lost.
      this.#waking = new AbortController();
      try {
        await this.work();
      } catch (error) {
        this.options.onError(error);
      }
      if (!this.#stopping.signal.aborted)
        await this.#sleep(this.options.everyMs, this.#waking.signal).catch(() => undefined);
    }
  }
}
