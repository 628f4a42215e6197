import { setTimeout as delay } from 'node:timers/promises';
import type { Id } from '@ostro/kernel';
import pg from 'pg';
import type { EntityManager } from 'typeorm';

const DUE = 'scheduler_due';
const NODE = 'scheduler_node';
const RECONNECT_MS = 1_000;

/** Sent with the commit, to every scheduler process: a deployment has become due. */
export async function notifyDue(tx: EntityManager): Promise<void> {
  await tx.query('SELECT pg_notify($1, $2)', [DUE, '']);
}

/** Sent with the commit, to every scheduler process: the desired state of a node has changed. */
export async function notifyNode(tx: EntityManager, nodeId: Id<'nod'>): Promise<void> {
  await tx.query('SELECT pg_notify($1, $2)', [NODE, nodeId]);
}

export interface SignalHandlers {
  readonly onDue: () => void;
  readonly onNode: (nodeId: Id<'nod'>) => void;
  /** The connection was lost; it is made again. What was missed meanwhile the regular ticks find. */
  readonly onError: (error: unknown) => void;
}

/** Hears what this and other processes notify. Hints only: losing one delays, never corrupts. */
export class DatabaseSignals {
  readonly #stopping = new AbortController();
  #listening: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly handlers: SignalHandlers,
  ) {}

  start(): void {
    this.#listening ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listening;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#listen(signal);
      } catch (error) {
        this.handlers.onError(error);
        await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'scheduler-signals',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection that hears signals has ended')));
    client.on('notification', ({ channel, payload }) => this.#heard(channel, payload));
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    try {
      await client.connect();
      await client.query(`LISTEN ${DUE}; LISTEN ${NODE}`);
      // Whatever happened before this connection heard anything.
      this.handlers.onDue();
      if (!signal.aborted) await Promise.race([stopped.promise, lost.promise]);
    } finally {
      await client.end();
    }
  }

  #heard(channel: string, payload: string | undefined): void {
    if (channel === DUE) this.handlers.onDue();
    else if (payload) this.handlers.onNode(payload as Id<'nod'>);
  }
}
