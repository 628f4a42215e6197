import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Clock } from '@ostro/kernel';
import { Client } from 'pg';
import { fromWire } from './envelope.ts';
import type { EventBus } from './event-bus.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, type EventRecord } from './event-record.ts';
import { outboxChannel } from './outbox.ts';
import { backoffMs } from './retrying.ts';

export interface OutboxLag {
  /** Events waiting, counted up to 10,000. */
  readonly pending: number;
  /** Age of the oldest of them; 0 when none waits. */
  readonly oldestAgeMs: number;
}

export interface OutboxRelayOptions {
  /** The service's own database URL: the relay needs a connection of its own. */
  readonly url: string;
  readonly schema: string;
  readonly bus: EventBus;
  readonly pollMs?: number;
  readonly clock?: Pick<Clock, 'monotonicMs'>;
  /** Ends early when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Called by the leader about once per poll. */
  readonly onLag?: (lag: OutboxLag) => void;
  /** Connection or broker lost; the relay goes on by itself. */
  readonly onError?: (error: unknown) => void;
}

interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly partition: number | null;
  readonly headers: Record<string, string>;
  readonly payload: Buffer | null;
}

/**
 * Moves events from a schema's outbox to the bus, in id order, and deletes them only after the bus has acknowledged.
 * Killed anywhere it loses nothing; a batch that was acknowledged but not yet deleted is published again.
 *
 * Every process of a service runs one; the holder of an advisory lock leads and the others wait to take over. The
 * lock, the listening and the draining share one connection, so whoever loses it has lost them all.
 */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #pollMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #waking = new AbortController();
  #lagMeasuredAt = -Infinity;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? 1_000;
    this.#clock = options.clock ?? systemClock;
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal }));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Lets the batch in hand finish. Events that remain are published after the next start, here or elsewhere. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
  }

  /** A hint that there is something to do, sooner than NOTIFY can tell. */
  wake(): void {
    this.#waking.abort();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isStopped;) {
      try {
        await this.#lead(() => (failures = 0));
      } catch (error) {
        this.#options.onError?.(error);
        failures += 1;
        await this.#waitMs(backoffMs(failures, Math.random), this.#stopping.signal);
      }
    }
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #lead(onProgress: () => void): Promise<void> {
    const client = this.#createClient();
    try {
      await client.connect();
      client.on('notification', () => this.wake());
      while (!this.#isStopped && !(await this.#tryLock(client))) await this.#untilWoken();
      if (this.#isStopped) return;
      await client.query(`LISTEN "${outboxChannel(this.#options.schema)}"`);
      while (!this.#isStopped) {
        // Renewed before looking: a notification that arrives while we look is not lost.
        this.#waking = new AbortController();
        const drained = await this.#drainBatch(client);
        onProgress();
        await this.#measureLag(client);
        if (drained === 0) await this.#untilWoken();
      }
    } finally {
      await client.end();
    }
  }

  #createClient(): Client {
    const { url, schema } = this.#options;
    const client = new Client({
      connectionString: url,
      application_name: `outbox-relay-${schema}`,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      query_timeout: 35_000,
      keepAlive: true,
      options: `-c search_path=${schema}`,
    });
    // The next query fails with it and is reported there; here it only ends the wait.
    client.on('error', () => this.wake());
    return client;
  }

  async #tryLock(client: Client): Promise<boolean> {
    this.#waking = new AbortController();
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT pg_try_advisory_lock(hashtext('ostro.outbox'), hashtext($1)) AS held`,
      [this.#options.schema],
    );
    return rows[0]!.held;
  }

  async #drainBatch(client: Client): Promise<number> {
    const { rows } = await client.query<OutboxRow>(
      `SELECT id, topic, key, partition, headers, payload FROM (
         SELECT page.*, sum(coalesce(octet_length(payload), 0) + octet_length(headers::text))
           OVER (ORDER BY id) AS bytes_so_far, row_number() OVER (ORDER BY id) AS position
         FROM (SELECT * FROM outbox ORDER BY id LIMIT ${MAX_BATCH_RECORDS}) AS page
       ) AS sized
       WHERE bytes_so_far <= ${MAX_BATCH_BYTES} OR position = 1 ORDER BY id`,
    );
    if (rows.length === 0) return 0;
    await this.#options.bus.publish(rows.map(fromRow));
    await client.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [rows.map(({ id }) => id)]);
    return rows.length;
  }

  async #measureLag(client: Client): Promise<void> {
    const { onLag } = this.#options;
    const now = this.#clock.monotonicMs();
    if (onLag === undefined || now - this.#lagMeasuredAt < this.#pollMs) return;
    this.#lagMeasuredAt = now;
    const { rows } = await client.query<{ pending: number; age_ms: number }>(
      `SELECT (SELECT count(*)::int FROM (SELECT 1 FROM outbox LIMIT 10000) AS counted) AS pending,
        coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at) * 1000
                  FROM outbox ORDER BY id LIMIT 1), 0)::float8 AS age_ms`,
    );
    onLag({ pending: rows[0]!.pending, oldestAgeMs: rows[0]!.age_ms });
  }

  async #untilWoken(): Promise<void> {
    if (!this.#isStopped) await this.#waitMs(this.#pollMs, this.#waking.signal);
  }

  async #waitMs(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function fromRow({ topic, key, partition, headers, payload }: OutboxRow): EventRecord {
  const record = fromWire(topic, { key, value: payload, headers, partition: partition ?? undefined });
  if ('undecodable' in record) throw new Error(`the outbox holds a row for ${topic} with ${record.undecodable}`);
  return record;
}
