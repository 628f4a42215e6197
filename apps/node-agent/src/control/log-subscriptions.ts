import { nodeV1 } from '@ostro/contracts';
import type { Logger } from '@ostro/telemetry';
import type { Timer } from '../model-server/timer.ts';
import { followLines } from './log-tail.ts';

type Send = (message: nodeV1.ConnectRequest) => Promise<void>;

/** Sends log lines for exactly the subscriptions that hold. They end with the connection they came by. */
export class LogSubscriptions {
  readonly #pathOf: (replicaId: string) => string;
  readonly #send: Send;
  readonly #timer: Timer;
  readonly #logger: Logger;
  readonly #running = new Map<string, AbortController>();

  constructor(pathOf: (replicaId: string) => string, send: Send, timer: Timer, logger: Logger) {
    this.#pathOf = pathOf;
    this.#send = send;
    this.#timer = timer;
    this.#logger = logger;
  }

  set(subscriptions: readonly nodeV1.LogSubscription[]): void {
    const wanted = new Set(subscriptions.map(({ subscriptionId }) => subscriptionId));
    for (const [id, running] of this.#running) {
      if (wanted.has(id)) continue;
      running.abort();
      this.#running.delete(id);
    }
    for (const subscription of subscriptions) {
      if (this.#running.has(subscription.subscriptionId)) continue;
      const running = new AbortController();
      this.#running.set(subscription.subscriptionId, running);
      this.#follow(subscription, running.signal).catch((error: unknown) => {
        if (!running.signal.aborted) this.#logger.warn({ err: error }, 'log lines could not be sent');
      });
    }
  }

  async #follow({ subscriptionId, replicaId }: nodeV1.LogSubscription, stopped: AbortSignal): Promise<void> {
    for await (const lines of followLines(this.#pathOf(replicaId), this.#timer, stopped)) {
      await this.#send({ message: { $case: 'logs', logs: { subscriptionId, replicaId, lines } } });
    }
  }
}
