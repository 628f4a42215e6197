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
    for (const spec of wanted) if (!existing.has(spec.name)) await createTopic(admin, spec);
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

async function createTopic(admin: Admin, spec: TopicSpec): Promise<void> {
  try {
    await admin.createTopics({
      topics: [
        {
          topic: spec.name,
          numPartitions: spec.partitions,
          replicationFactor: spec.replicationFactor ?? -1,
          configEntries: configOf(spec),
        },
      ],
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
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) });
  for (const { name, partitions: wanted } of specs) {
    const found = topics.find((topic) => topic.name === name)?.partitions.length;
    if (found === wanted) continue;
    throw new DomainError(
      'FAILED_PRECONDITION',
      'TOPIC_MISMATCH',
      `topic ${name} has ${found ?? 0} partitions and ${wanted} are wanted: publish to a topic of a new major instead`,
      { details: { topic: name } },
    );
  }
}
