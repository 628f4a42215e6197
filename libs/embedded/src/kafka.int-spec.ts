import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { testCacheDir } from '@ostro/testing';
import { Kafka, logLevel } from 'kafkajs';
import { type EmbeddedKafka, startKafka } from './kafka.ts';
import { hasEnded } from './processes.ts';

jest.setTimeout(120_000);

describe('startKafka', () => {
  const topic = 'kept';
  let dataDir: string;
  let broker: EmbeddedKafka;
  const start = (port?: number) => startKafka({ dataDir, cacheDir: testCacheDir(), port });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ostro-kafka-'));
    broker = await start();
    await produce(broker, topic, 'first');
  });

  afterAll(async () => {
    await broker.stop();
    await rm(dataDir, { recursive: true });
  });

  it('is ready for a consumer group at once', async () => {
    expect(await consumeOne(broker, topic)).toBe('first');
  });

  it('keeps its messages and its address over stop and start, and stop ends the broker', async () => {
    await broker.stop();
    expect(await hasEnded(broker.pid, 0)).toBe(true);
    const earlier = broker;
    broker = await start();
    expect(broker.brokers).toEqual(earlier.brokers);
    expect(await consumeOne(broker, topic)).toBe('first');
  });

  it('recovers from kill -9 of the broker, also when its old ports are taken', async () => {
    process.kill(broker.pid, 'SIGKILL');
    await broker.stop();
    const port = portOf(broker);
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    await expect(start(port)).rejects.toMatchObject({ reason: 'PORT_IN_USE' });
    broker = await start();
    taken.close();
    expect(portOf(broker)).not.toBe(port);
    expect(await consumeOne(broker, topic)).toBe('first');
  });

  it('takes over the running broker of a process that was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(join(dataDir, 'ostro.lock'), JSON.stringify({ pid }));
    const heir = await start();
    expect([heir.pid, heir.brokers]).toEqual([broker.pid, broker.brokers]);
    broker = heir;
  });

  it('refuses a second start on the same data and names the holder', async () => {
    await expect(start()).rejects.toMatchObject({
      reason: 'DATA_DIRECTORY_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`),
    });
  });

  it('makes no topic by a typo', async () => {
    const admin = client(broker).admin();
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: ['tpyo'] })).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
    await admin.disconnect();
  });
});

function client(broker: EmbeddedKafka): Kafka {
  return new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING, retry: { retries: 1 } });
}

function portOf(broker: EmbeddedKafka): number {
  return Number(broker.brokers[0]?.split(':')[1]);
}

async function produce(broker: EmbeddedKafka, topic: string, value: string): Promise<void> {
  const admin = client(broker).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = client(broker).producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

/** A new group each time: a broker that is ready lets it join without a retry. */
async function consumeOne(broker: EmbeddedKafka, topic: string): Promise<string | undefined> {
  const consumer = client(broker).consumer({ groupId: `group-${performance.now()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const received = new Promise<string | undefined>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    void consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) });
  });
  try {
    return await received;
  } finally {
    await consumer.disconnect();
  }
}
