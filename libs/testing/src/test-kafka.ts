import { randomBytes } from 'node:crypto';
import { type ITopicConfig, Kafka, logLevel } from 'kafkajs';
import { kafkaBrokers } from './testing.config.ts';

export interface TestKafka {
  readonly brokers: readonly string[];
  /** Starts every name of this suite; also fit for consumer groups. */
  readonly topicPrefix: string;
  /** A topic name that no other suite uses. The topic itself is made by `createTopics`. */
  uniqueTopic(name: string): string;
  /** Resolves when every partition has a leader, so the first produce does not fail. */
  createTopics(topics: readonly (string | ITopicConfig)[]): Promise<void>;
}

/** The run's real Kafka, with names that belong to the calling suite alone. */
export function testKafka(): TestKafka {
  const brokers = kafkaBrokers();
  const topicPrefix = `test.${randomBytes(6).toString('hex')}`;
  return {
    brokers,
    topicPrefix,
    uniqueTopic: (name) => `${topicPrefix}.${name}`,
    createTopics: (topics) => createTopics(brokers, topics),
  };
}

async function createTopics(brokers: string[], topics: readonly (string | ITopicConfig)[]): Promise<void> {
  const admin = new Kafka({ clientId: 'ostro-testing', brokers, logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: topics.map(toConfig), waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

function toConfig(topic: string | ITopicConfig): ITopicConfig {
  return typeof topic === 'string' ? { topic, numPartitions: 4, replicationFactor: 1 } : topic;
}
