import { jest } from '@jest/globals';
import { testKafka } from '@ostro/testing';
import { Kafka, logLevel } from 'kafkajs';
import { createTopics, KafkaEventBus } from './index.ts';
import { eventBusContract } from '../test/event-bus.contract.ts';
import { anEvent } from '../test/builders.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

const connection = { ...testKafka(), clientId: 'messaging-test' };
let topics = 0;

const createTopic = async (partitions = 4): Promise<string> => {
  const name = connection.uniqueTopic(`thing-${topics++}.v1`);
  await createTopics(connection, [{ name, partitions, cleanupPolicy: 'delete', deadLetters: true }]);
  return name;
};

eventBusContract('KafkaEventBus', async () => {
  const bus = new KafkaEventBus(connection);
  const foreign = new Kafka({ ...connection, brokers: [...connection.brokers], logLevel: logLevel.NOTHING }).producer();
  await foreign.connect();
  return {
    bus,
    createTopic,
    appendRaw: async (topic, { key, value, headers }) => {
      await foreign.send({
        topic,
        messages: [{ key, value: value === null ? null : Buffer.from(value), headers: { ...headers } }],
      });
    },
    close: async () => {
      await foreign.disconnect();
      await bus.close();
    },
  };
});

describe('topics', () => {
  it('are created once, however many processes start together', async () => {
    const name = connection.uniqueTopic('started-together.v1');
    const spec = { name, partitions: 3, cleanupPolicy: 'compact', deadLetters: true } as const;
    await Promise.all([1, 2, 3].map(() => createTopics(connection, [spec])));
    const bus = new KafkaEventBus(connection);
    expect(await bus.partitions(name)).toHaveLength(3);
    expect(await bus.partitions(`${name}.dlq`)).toHaveLength(1);
    await bus.close();
  });

  it('are refused with another number of partitions', async () => {
    const name = await createTopic(2);
    await expect(createTopics(connection, [{ name, partitions: 3, cleanupPolicy: 'delete' }])).rejects.toMatchObject({
      reason: 'TOPIC_MISMATCH',
    });
  });
});

describe('publishing to Kafka', () => {
  it('waits instead of growing when more is under way than fits, and keeps the order', async () => {
    const topic = await createTopic(1);
    const bus = new KafkaEventBus({ ...connection, maxPendingBytes: 50_000 });
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        await bus.publish([anEvent({ topic, value: Buffer.alloc(10_000) })]);
        order.push(n);
      }),
    );
    expect(order).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect((await bus.partitions(topic))[0]!.end).toBe(100n);
    await bus.close();
  });

  it('says UNAVAILABLE when no broker answers, and refuses after close', async () => {
    const bus = new KafkaEventBus({ brokers: ['127.0.0.1:1'], clientId: 'deaf' });
    await expect(bus.partitions('any')).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'BROKER_UNAVAILABLE' });
    await bus.close();
    await expect(bus.publish([anEvent()])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('stops a subscription that never reached a broker', async () => {
    const bus = new KafkaEventBus({ brokers: ['127.0.0.1:1'], clientId: 'deaf' });
    const crashes: unknown[] = [];
    const handler = (): Promise<void> => Promise.resolve();
    bus.subscribe({ group: 'g', topics: ['any'], handler, onCrash: (error) => crashes.push(error) });
    await bus.close();
    expect(crashes).toEqual([]);
  });
});
