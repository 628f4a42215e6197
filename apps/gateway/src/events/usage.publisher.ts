import { setTimeout as delay } from 'node:timers/promises';
import type { usageV1 } from '@ostro/contracts';
import type { EventBus } from '@ostro/messaging';
import { type BatchSource, MOST_ENTRIES, toRecords } from './usage-batches.ts';

/** Where finished requests wait until they are published. */
export interface UsageSource {
  /** The oldest entries, at most so many; empty: none wait. */
  take(most: number): Promise<readonly usageV1.UsageEntry[]>;
  /** Resolves when there may be entries again. */
  arrived(): Promise<void>;
}

export interface UsagePublisherOptions extends BatchSource {
  readonly bus: EventBus;
  readonly source: UsageSource;
  readonly onError: (error: unknown) => void;
  /** Gathers, and waits between tries while Kafka is away; ends early when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Requests that end together are published together, in fewer and larger records. */
const GATHER_MS = 50;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Publishes usage until it is stored. What Kafka has taken stays in the spool until billing has settled it. */
export class UsagePublisher {
  readonly #options: UsagePublisherOptions;
  readonly #draining = new AbortController();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: UsagePublisherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Publishes what waits, for so long at most. The rest is replayed from the spool at the next start. */
  async stop(withinMs: number): Promise<void> {
    this.#draining.abort();
    const timer = setTimeout(() => this.#stopping.abort(), withinMs);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { source, sleep = pause } = this.#options;
    const draining = aborted(this.#draining.signal);
    while (!this.#stopping.signal.aborted) {
      const entries = await source.take(MOST_ENTRIES);
      if (entries.length > 0) await this.#publish(entries);
      else if (this.#draining.signal.aborted) return;
      else {
        await Promise.race([source.arrived(), draining]);
        await sleep(GATHER_MS, this.#draining.signal);
      }
    }
  }

  async #publish(entries: readonly usageV1.UsageEntry[]): Promise<void> {
    const { bus, onError, sleep = pause } = this.#options;
    const records = toRecords(entries, this.#options);
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.#stopping.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      try {
        return await bus.publish(records);
      } catch (error) {
        onError(error);
        await sleep(pauseMs, this.#stopping.signal);
      }
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the pause early; the loop looks at the signal itself.
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
