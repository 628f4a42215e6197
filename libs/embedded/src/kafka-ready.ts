import { randomUUID } from 'node:crypto';
import { type Admin, type Consumer, Kafka, logLevel } from 'kafkajs';

const PROBE_TOPIC = 'ostro.readiness';
const JOIN_WITHIN_MS = 10_000;

/**
 * True when a throw-away consumer group has joined and committed once. Listening is not enough: a broker of
 * a few seconds' age answers "group coordinator not available" to the first real consumer.
 */
export async function isKafkaReady(brokers: readonly string[]): Promise<boolean> {
  const kafka = new Kafka({
    clientId: 'ostro-readiness',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 3, initialRetryTime: 100 },
  });
  const admin = kafka.admin();
  const groupId = `ostro.readiness.${randomUUID()}`;
  try {
    await admin.connect();
    await createProbeTopic(admin);
    await joinAndCommit(kafka.consumer({ groupId, maxWaitTimeInMs: 50 }));
    await admin.deleteGroups([groupId]);
    return true;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}

async function createProbeTopic(admin: Admin): Promise<void> {
  const topics = await admin.listTopics();
  if (topics.includes(PROBE_TOPIC)) return;
  await admin.createTopics({ topics: [{ topic: PROBE_TOPIC, numPartitions: 1, replicationFactor: 1 }] });
}

async function joinAndCommit(consumer: Consumer): Promise<void> {
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: PROBE_TOPIC });
    const joined = groupJoined(consumer);
    await consumer.run({ autoCommit: false, eachMessage: async () => {} });
    await joined;
    await consumer.commitOffsets([{ topic: PROBE_TOPIC, partition: 0, offset: '0' }]);
  } finally {
    await consumer.disconnect();
  }
}

function groupJoined(consumer: Consumer): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the group did not form in time')), JOIN_WITHIN_MS);
    const settle = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    consumer.on(consumer.events.GROUP_JOIN, settle(resolve));
    consumer.on(
      consumer.events.CRASH,
      settle(() => reject(new Error('the consumer crashed'))),
    );
  });
}
