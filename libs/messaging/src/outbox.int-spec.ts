import { jest } from '@jest/globals';
import {
  createDataSource,
  ForwardMigration,
  provision,
  runMigrations,
  schemaOf,
  TransactionRunner,
} from '@ostro/persistence';
import { eventually, testKafka, testPostgres, type TestPostgres } from '@ostro/testing';
import { Client } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { anEvent, textOf } from '../test/builders.ts';
import {
  claimUnhandled,
  createConsumerOffsetTable,
  createInboxTable,
  createOutboxTable,
  createTopics,
  handleOnce,
  KafkaEventBus,
  loadOffset,
  MemoryEventBus,
  Outbox,
  OutboxRelay,
  pruneInbox,
  storeOffset,
  type ConsumedRecord,
  type EventBus,
  type EventRecord,
  type OutboxLag,
  type OutboxRelayOptions,
} from './index.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

class CreateMessaging20261122120000 extends ForwardMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createOutboxTable(queryRunner, schemaOf(queryRunner));
    await createInboxTable(queryRunner);
    await createConsumerOffsetTable(queryRunner);
    await queryRunner.query('CREATE TABLE counters (key text PRIMARY KEY, applied int NOT NULL)');
  }
}

const WITHIN = { withinMs: 60_000 };
const kafka = { ...testKafka(), clientId: 'outbox-test' };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('outbox, relay and inbox on PostgreSQL', () => {
  let postgres: TestPostgres;
  let adminUrl: string;
  let url: string;
  let database: DataSource;
  let transactions: TransactionRunner;
  let kafkaBus: KafkaEventBus;
  const outbox = new Outbox();
  const relays: OutboxRelay[] = [];

  beforeAll(async () => {
    postgres = await testPostgres();
    adminUrl = await postgres.createDatabase('outbox');
    await provision(adminUrl, [{ schema: 'library', role: 'library_outbox', password: 'secret' }]);
    const own = new URL(adminUrl);
    own.username = 'library_outbox';
    own.password = 'secret';
    url = own.toString();
    database = await createDataSource({
      url,
      schema: 'library',
      entities: [],
      migrations: [CreateMessaging20261122120000],
      applicationName: 'outbox-test',
    }).initialize();
    await runMigrations(database);
    transactions = new TransactionRunner(database);
    kafkaBus = new KafkaEventBus(kafka);
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await database.query('TRUNCATE outbox, inbox, counters, consumer_offsets');
  });
  afterAll(async () => {
    await kafkaBus.close();
    await database.destroy();
    await postgres.drop();
  });

  const start = (bus: EventBus, more: Partial<OutboxRelayOptions> = {}): OutboxRelay => {
    const relay = new OutboxRelay({ url, schema: 'library', bus, pollMs: 50, ...more });
    relays.push(relay);
    relay.start();
    return relay;
  };
  const append = (records: readonly EventRecord[]): Promise<void> =>
    transactions.run((tx) => outbox.append(tx, records));
  const waiting = async (): Promise<number> => {
    const rows: { count: number }[] = await database.query('SELECT count(*)::int AS count FROM outbox');
    return rows[0]!.count;
  };
  const memory = () => new MemoryEventBus([{ name: 'test.thing.v1', partitions: 1 }]);
  const stored = async (bus: EventBus, topic = 'test.thing.v1'): Promise<bigint> =>
    (await bus.partitions(topic)).reduce((sum, { end }) => sum + end, 0n);
  const readAll = (bus: EventBus, topic = 'test.thing.v1'): ConsumedRecord[] => {
    const records: ConsumedRecord[] = [];
    bus.subscribe({
      group: `reader-${Math.random()}`,
      topics: [topic],
      onCrash: (error) => {
        throw error;
      },
      handler: ({ records: batch }) => {
        records.push(...batch);
        return Promise.resolve();
      },
    });
    return records;
  };
  const terminateRelays = async (): Promise<number> => {
    const admin = new Client({ connectionString: adminUrl });
    await admin.connect();
    try {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'outbox-relay-library' AND datname = current_database()`,
      );
      return rowCount ?? 0;
    } finally {
      await admin.end();
    }
  };

  it('publishes what was committed, as it was written and in order, and nothing that was rolled back', async () => {
    const bus = memory();
    const records = [
      anEvent({ value: Buffer.from([0, 255, 128]), headers: { signature: 'ÿ"\\' }, organizationId: 'org_1' }),
      anEvent({ value: new Uint8Array(), tombstone: true }),
      anEvent({ value: new Uint8Array(), partition: 0 }),
    ];
    await append(records);
    const lost = transactions.run(async (tx) => {
      await outbox.append(tx, [anEvent()]);
      throw new Error('changed my mind');
    });
    await expect(lost).rejects.toThrow('changed my mind');
    const published = readAll(bus);
    start(bus);
    await eventually(() => expect(published).toHaveLength(3), WITHIN);
    expect(published.map((record) => ({ ...record, value: Buffer.from(record.value) }))).toEqual(
      records.map((record, n) => ({
        ...record,
        value: Buffer.from(record.value),
        partition: 0,
        offset: BigInt(n),
      })),
    );
    expect(await waiting()).toBe(0);
  });

  it('refuses an event that can never be published while its writer can still react', async () => {
    await expect(append([anEvent({ value: Buffer.alloc(900_001) })])).rejects.toMatchObject({
      reason: 'EVENT_TOO_LARGE',
    });
  });

  it('drains batches by count and by bytes', async () => {
    const bus = memory();
    const sizes: number[] = [];
    const publish = bus.publish.bind(bus);
    bus.publish = (records) => {
      sizes.push(records.length);
      return publish(records);
    };
    await append(numbers(1_201).map(() => anEvent()));
    await append(numbers(5).map(() => anEvent({ value: Buffer.alloc(400_000) })));
    start(bus);
    await eventually(async () => expect(await stored(bus)).toBe(1_206n), WITHIN);
    expect(Math.max(...sizes)).toBe(500);
    expect(sizes.slice(-2)).toEqual([2, 1]);
  });

  it('is woken by a commit, long before its next poll', async () => {
    const bus = memory();
    let polls = 0;
    const sleep = (_ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        polls += 1;
        signal.addEventListener('abort', () => resolve());
      });
    start(bus, { sleep });
    await eventually(() => expect(polls).toBe(1), WITHIN);
    await append([anEvent()]);
    await eventually(async () => expect(await stored(bus)).toBe(1n), WITHIN);
  });

  it('has one leader, and another takes over when it stops', async () => {
    const buses = [memory(), memory()] as const;
    const first = start(buses[0]);
    await append([anEvent()]);
    await eventually(async () => expect(await stored(buses[0])).toBe(1n), WITHIN);
    start(buses[1]);
    await append([anEvent()]);
    await eventually(async () => expect(await stored(buses[0])).toBe(2n), WITHIN);
    expect(await stored(buses[1])).toBe(0n);
    await first.stop();
    await append([anEvent()]);
    await eventually(async () => expect(await stored(buses[1])).toBe(1n), WITHIN);
  });

  it('reports how many events wait and for how long, and goes on when the broker is back', async () => {
    const bus = memory();
    const publish = bus.publish.bind(bus);
    let isAway = true;
    bus.publish = (records) => (isAway ? Promise.reject(new Error('no broker')) : publish(records));
    const errors: unknown[] = [];
    const lags: OutboxLag[] = [];
    await append([anEvent(), anEvent()]);
    start(bus, { onError: (error) => errors.push(error), onLag: (lag) => lags.push(lag) });
    await eventually(() => expect(errors.length).toBeGreaterThan(1), WITHIN);
    expect(await waiting()).toBe(2);
    isAway = false;
    await eventually(() => expect(lags.at(-1)).toEqual({ pending: 0, oldestAgeMs: 0 }), WITHIN);
    expect(await stored(bus)).toBe(2n);
  });

  it('waits for a database that is away, and can be stopped meanwhile', async () => {
    const errors: unknown[] = [];
    const relay = start(memory(), {
      url: 'postgres://nobody@127.0.0.1:1/none',
      onError: (error) => errors.push(error),
    });
    await eventually(() => expect(errors.length).toBeGreaterThan(1), WITHIN);
    await relay.stop();
  });

  it('loses nothing when its connection is cut again and again, and the inbox applies each event once', async () => {
    const topic = kafka.uniqueTopic('counted.v1');
    await createTopics(kafka, [{ name: topic, partitions: 4, cleanupPolicy: 'delete', deadLetters: true }]);
    const count = 6_000;
    const keys = 20;
    let delivered = 0;
    const consumer = kafkaBus.subscribe({
      group: `${topic}.counter`,
      topics: [topic],
      onCrash: (error) => {
        throw error;
      },
      handler: ({ records }) =>
        transactions.run(async (tx) => {
          const fresh = await claimUnhandled(tx, 'counter', records);
          delivered += records.length;
          for (const [key, of] of [...Map.groupBy(fresh, (record) => record.key)].sort()) {
            await tx.query(
              `INSERT INTO counters VALUES ($1, $2)
               ON CONFLICT (key) DO UPDATE SET applied = counters.applied + excluded.applied`,
              [key, of.length],
            );
          }
        }),
    });
    const errors: unknown[] = [];
    // Acknowledged, but cut before the events are deleted: the moment that makes duplicates.
    let cuts = 0;
    const cutting: EventBus = Object.create(kafkaBus) as EventBus;
    cutting.publish = async (records) => {
      await kafkaBus.publish(records);
      if (cuts < 3) cuts += await terminateRelays();
    };
    start(cutting, { onError: (error) => errors.push(error) });
    start(cutting, { onError: (error) => errors.push(error) });
    let cutMidway = 0;
    for (const chunk of numbers(count / 200)) {
      await append(
        numbers(200).map((n) => anEvent({ topic, key: `rep_${n % keys}`, value: Buffer.from(`${chunk}/${n}`) })),
      );
      if (chunk % 6 === 5) cutMidway += await terminateRelays();
    }
    await eventually(async () => expect(await waiting()).toBe(0), WITHIN);
    await eventually(async () => {
      const rows: unknown[] = await database.query('SELECT key, applied FROM counters');
      expect(rows).toHaveLength(keys);
      const sums: unknown = await database.query('SELECT sum(applied)::int AS sum FROM counters');
      expect(sums).toEqual([{ sum: count }]);
    }, WITHIN);
    expect(cuts).toBeGreaterThanOrEqual(3);
    expect(cutMidway).toBeGreaterThan(0);
    await eventually(() => expect(BigInt(delivered)).toBeGreaterThan(BigInt(count)), WITHIN);
    expect(await stored(kafkaBus, topic)).toBeGreaterThan(BigInt(count));
    expect(errors.length).toBeGreaterThan(0);
    await consumer.stop();
  });

  describe('the inbox', () => {
    it('runs an effect once for each consumer, and again if it was rolled back', async () => {
      const record = anEvent();
      let effects = 0;
      const effect = (): Promise<void> => {
        effects += 1;
        return Promise.resolve();
      };
      const failing = transactions.run(async (tx) => {
        await handleOnce(tx, 'a', record, effect);
        throw new Error('rolled back');
      });
      await expect(failing).rejects.toThrow('rolled back');
      const handle = (consumer: string, event = record) =>
        transactions.run((tx) => handleOnce(tx, consumer, event, effect));
      const results = await Promise.all([handle('a'), handle('a'), handle('b')]);
      expect(results.filter(Boolean)).toHaveLength(2);
      expect(await handle('a', { ...record, source: 'ostro/elsewhere' })).toBe(true);
      expect(effects).toBe(4);
    });

    it('hands out an event once that is twice in one batch', async () => {
      const [first, second] = [anEvent(), anEvent()];
      const fresh = await transactions.run((tx) => claimUnhandled(tx, 'a', [first, second, first]));
      expect(fresh).toEqual([first, second]);
    });

    it('forgets by age', async () => {
      const record = anEvent();
      await transactions.run((tx) => claimUnhandled(tx, 'a', [record]));
      await database.query(`UPDATE inbox SET handled_at = '2026-01-01'`);
      expect(await transactions.run((tx) => pruneInbox(tx, new Date('2025-12-31')))).toBe(0);
      expect(await transactions.run((tx) => pruneInbox(tx, new Date('2026-01-02')))).toBe(1);
      expect(await transactions.run((tx) => claimUnhandled(tx, 'a', [record]))).toHaveLength(1);
    });
  });

  describe('stored offsets', () => {
    const position = { group: 'billing', topic: 'usage', partition: 3 };

    it('move only from where the batch began, so of two rivals one succeeds', async () => {
      const move = (from: bigint | undefined, next: bigint): Promise<void> =>
        transactions.run((tx) => storeOffset(tx, { ...position, from, next }));
      const load = (): Promise<bigint | undefined> => loadOffset(database.manager, position);
      expect(await load()).toBeUndefined();
      const rivals = await Promise.allSettled([move(undefined, 10n), move(undefined, 25n)]);
      expect(rivals.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const first = (await load())!;
      await expect(move(undefined, 99n)).rejects.toMatchObject({ reason: 'STALE_CONSUMER' });
      await expect(move(first + 1n, 99n)).rejects.toMatchObject({ reason: 'STALE_CONSUMER' });
      await expect(move(first, first - 1n)).rejects.toMatchObject({ reason: 'STALE_CONSUMER' });
      await move(first, 2n ** 60n);
      expect(await load()).toBe(2n ** 60n);
    });

    it('on Kafka: a consumer that is stopped anywhere and started again adds up each record once', async () => {
      const topic = kafka.uniqueTopic('usage.v1');
      await createTopics(kafka, [{ name: topic, partitions: 4, cleanupPolicy: 'delete', deadLetters: true }]);
      const group = `${topic}.billing`;
      await kafkaBus.publish(
        numbers(3_000).map((n) => anEvent({ topic, key: `org_${n % 9}`, value: Buffer.from(String(n)) })),
      );
      const total = async (): Promise<number> => {
        const rows: { sum: number }[] = await database.query(
          'SELECT coalesce(sum(applied), 0)::int AS sum FROM counters',
        );
        return rows[0]!.sum;
      };
      for (const failAfter of [1, 2, Infinity]) {
        let batches = 0;
        const crashes: unknown[] = [];
        const running = kafkaBus.subscribeWithStoredOffsets({
          group,
          topics: [topic],
          attempts: 1,
          onCrash: (error) => crashes.push(error),
          loadOffset: (_topic, partition) => loadOffset(database.manager, { group, topic, partition }),
          handler: ({ records, position: at }) =>
            transactions.run(async (tx) => {
              await storeOffset(tx, at);
              for (const record of records) {
                await tx.query(
                  `INSERT INTO counters VALUES ($1, $2)
                   ON CONFLICT (key) DO UPDATE SET applied = counters.applied + excluded.applied`,
                  [record.key, Number(textOf(record))],
                );
              }
              if (++batches > failAfter) throw new Error('killed before the commit');
            }),
        });
        if (failAfter < Infinity) await eventually(() => expect(crashes).toHaveLength(1), WITHIN);
        else await eventually(async () => expect(await total()).toBe((2_999 * 3_000) / 2), WITHIN);
        await running.stop();
      }
    });
  });
});
