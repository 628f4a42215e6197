/**
 * Every topic there is: owner + aggregate + major. Created by a command from this list, never by a first write.
 * One writer per topic; the key is the aggregate's id, so order holds per aggregate.
 */
export interface Topic {
  readonly name: string;
  /** Service that may write it. */
  readonly owner: string;
  /** What the key is. */
  readonly key: string;
  /** Full protobuf names of its values. */
  readonly types: readonly string[];
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  /** How long records stay; for compacted topics, how long tombstones do. */
  readonly retentionHours: number;
  /** Whether values carry the owner's signature and unsigned ones are dropped. */
  readonly signed: boolean;
  /** Whether a consumer needs a dead-letter topic `<name>.dlq`. */
  readonly deadLetters: boolean;
}

const WEEK_HOURS = 24 * 7;

export const TOPICS = {
  apiKey: {
    name: 'identity.api-key.v1',
    owner: 'identity',
    key: 'key_id',
    types: ['ostro.identity.v1.ApiKeyRecord'],
    partitions: 4,
    cleanup: 'compact',
    retentionHours: WEEK_HOURS,
    signed: true,
    deadLetters: false,
  },
  modelRevision: {
    name: 'registry.model-revision.v1',
    owner: 'registry',
    key: 'model_id',
    types: ['ostro.registry.v1.ModelRevisionPublished'],
    partitions: 4,
    cleanup: 'delete',
    retentionHours: WEEK_HOURS,
    signed: false,
    deadLetters: true,
  },
  route: {
    name: 'scheduling.route.v1',
    owner: 'scheduler',
    key: 'endpoint_id',
    types: ['ostro.scheduling.v1.RouteRecord'],
    partitions: 4,
    cleanup: 'compact',
    retentionHours: WEEK_HOURS,
    signed: true,
    deadLetters: false,
  },
  replica: {
    name: 'scheduling.replica.v1',
    owner: 'scheduler',
    key: 'replica_id',
    types: ['ostro.scheduling.v1.ReplicaPhaseChanged'],
    partitions: 4,
    cleanup: 'delete',
    retentionHours: WEEK_HOURS,
    signed: false,
    deadLetters: true,
  },
  usageRequest: {
    name: 'usage.request.v1',
    owner: 'gateway',
    key: 'organization_id/bucket',
    types: ['ostro.usage.v1.UsageBatch'],
    partitions: 8,
    cleanup: 'delete',
    retentionHours: WEEK_HOURS,
    signed: false,
    deadLetters: true,
  },
  usageAttempt: {
    name: 'usage.attempt.v1',
    owner: 'node-agent',
    key: 'organization_id/bucket',
    types: ['ostro.usage.v1.WitnessBatch'],
    partitions: 8,
    cleanup: 'delete',
    retentionHours: WEEK_HOURS,
    signed: false,
    deadLetters: true,
  },
  usageSettled: {
    name: 'billing.usage-settled.v1',
    owner: 'billing',
    key: 'incarnation',
    types: ['ostro.billing.v1.UsageSettled'],
    partitions: 4,
    cleanup: 'compact',
    retentionHours: WEEK_HOURS,
    signed: false,
    deadLetters: false,
  },
  priceBook: {
    name: 'billing.price-book.v1',
    owner: 'billing',
    key: 'price_book_id',
    types: ['ostro.billing.v1.PriceBookRecord'],
    partitions: 1,
    cleanup: 'compact',
    retentionHours: WEEK_HOURS,
    signed: true,
    deadLetters: false,
  },
} as const satisfies Record<string, Topic>;

export type TopicName = (typeof TOPICS)[keyof typeof TOPICS]['name'];

/** The topic of that name, or undefined. */
export function topicOf(name: string): Topic | undefined {
  return Object.values(TOPICS).find((topic) => topic.name === name);
}
