import { setTimeout as delay } from 'node:timers/promises';

export interface RepeatingOptions {
  readonly intervalMs: number;
  /** A turn that failed; the next one follows all the same. */
  readonly onError: (error: unknown) => void;
  /** Ends early when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Does something again and again, one turn after the other, until it is stopped. */
export class Repeating {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly turn: () => Promise<void>,
    private readonly options: RepeatingOptions,
  ) {}

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  /** Lets the turn in hand finish. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { intervalMs, onError, sleep = (ms, signal) => delay(ms, undefined, { signal }) } = this.options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.turn().catch(onError);
      await sleep(intervalMs, signal).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    }
  }
}
