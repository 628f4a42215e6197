import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import kafkajs, { type Admin, type IResourceConfigEntry } from 'kafkajs';
import { deadLetterTopic } from './event-record.ts';
import { connectKafka, type KafkaConnection } from './kafka-event-bus.ts';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly cleanupPolicy: 'delete' | 'compact';
  readonly retentionMs?: number;
  /** How long a compacted topic keeps a tombstone; a view's snapshot may be trusted for half of it. */
  readonly deleteRetentionMs?: number;
  /** Absent: the broker's own default. */
  readonly replicationFactor?: number;
  /** Also make `<name>.dlq`: every topic that somebody consumes in a group needs it. */
  readonly deadLetters?: boolean;
}

/** About 20 s. */
const MAX_TRIES = 24;
const DEAD_LETTER_RETENTION_MS = 30 * 24 * 3_600_000;

/**
 * Creates the topics that are missing; several processes may do so at once. A topic is never created by use, since it
 * would get the broker's defaults instead of its owner's.
 *
 * @throws DomainError FAILED_PRECONDITION (TOPIC_MISMATCH) when a topic has another number of partitions: changing it
 * would move keys between partitions and break their order.
 */
export async function createTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  const admin = connectKafka(connection).admin({ retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 8 } });
  await admin.connect();
  try {
    const wanted = specs.flatMap((spec) => (spec.deadLetters === true ? [spec, deadLettersOf(spec)] : [spec]));
    const existing = new Set(await admin.listTopics());
    await createMissing(
      admin,
      wanted.filter(({ name }) => !existing.has(name)),
    );
    await assertPartitions(admin, wanted);
  } finally {
    await admin.disconnect();
  }
}

function deadLettersOf({ name, replicationFactor }: TopicSpec): TopicSpec {
  return {
    name: deadLetterTopic(name),
    partitions: 1,
    cleanupPolicy: 'delete',
    retentionMs: DEAD_LETTER_RETENTION_MS,
    replicationFactor,
  };
}

async function createMissing(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  try {
    await admin.createTopics({
      // kafkajs gives up waiting at the first broker that has not heard of the topic; `assertPartitions` waits better.
      waitForLeaders: false,
      topics: specs.map((spec) => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: spec.replicationFactor ?? -1,
        configEntries: configOf(spec),
      })),
    });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

function configOf(spec: TopicSpec): IResourceConfigEntry[] {
  const entries: IResourceConfigEntry[] = [{ name: 'cleanup.policy', value: spec.cleanupPolicy }];
  if (spec.retentionMs !== undefined) entries.push({ name: 'retention.ms', value: String(spec.retentionMs) });
  if (spec.deleteRetentionMs !== undefined) {
    entries.push({ name: 'delete.retention.ms', value: String(spec.deleteRetentionMs) });
  }
  return entries;
}

function isAlreadyThere(error: unknown): boolean {
  const { errors = [] } = error as { errors?: { type?: string }[] };
  return error instanceof kafkajs.KafkaJSAggregateError && errors.every(({ type }) => type === 'TOPIC_ALREADY_EXISTS');
}

async function assertPartitions(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const found = await partitionsWithLeaders(
    admin,
    specs.map(({ name }) => name),
  );
  for (const { name, partitions: wanted } of specs) {
    if (found.get(name) === wanted) continue;
    throw new DomainError(
      'FAILED_PRECONDITION',
      'TOPIC_MISMATCH',
      `topic ${name} has ${found.get(name) ?? 0} partitions and ${wanted} are wanted: publish to a topic of a new major instead`,
      { details: { topic: name } },
    );
  }
}

/** A new topic is known to its broker some moments after it was created, and usable when its partitions have leaders. */
async function partitionsWithLeaders(admin: Admin, names: string[]): Promise<Map<string, number>> {
  for (let tries = 1; ; tries++) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: names });
      const isLed = topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
      if (isLed || tries >= MAX_TRIES) return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    } catch (error) {
      const { type } = error as { type?: string };
      const isComing = type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE';
      if (!isComing || tries >= MAX_TRIES) throw error;
    }
    await delay(Math.min(1_000, 20 * 2 ** tries));
  }
}
