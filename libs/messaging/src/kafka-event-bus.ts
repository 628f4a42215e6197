import kafkajs, { type Admin, type Kafka, type KafkaConfig } from 'kafkajs';
import { toWire } from './envelope.ts';
import {
  EventBus,
  type PartitionRange,
  type RunningSubscription,
  type StoredOffsetSubscription,
  type Subscription,
} from './event-bus.ts';
import type { EventRecord, WireRecord } from './event-record.ts';
import { brokerUnavailable, KafkaPublisher } from './kafka-publisher.ts';
import { KafkaSubscription } from './kafka-subscription.ts';
import { withTraceparent } from './tracing.ts';

export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
  /** What kafkajs has to say: reconnections, rebalances. Errors that matter also reach a promise or `onCrash`. */
  readonly log?: (entry: { level: 'error' | 'warn'; message: string; fields: Record<string, unknown> }) => void;
}

export interface KafkaEventBusOptions extends KafkaConnection {
  readonly lingerMs?: number;
  readonly maxPendingBytes?: number;
}

export function connectKafka({ brokers, clientId, ssl, sasl, log }: KafkaConnection): Kafka {
  return new kafkajs.Kafka({
    clientId,
    brokers: [...brokers],
    ssl,
    sasl,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    // For finding a broker at all. Everything above tries again by itself, and a stop must not wait for it.
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 2 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, ...fields } = entry.log;
      log?.({ level: entry.level === kafkajs.logLevel.ERROR ? 'error' : 'warn', message, fields });
    },
  });
}

/** The bus on Apache Kafka. kafkajs stays behind this class; the contract suite says what another client must do. */
export class KafkaEventBus extends EventBus {
  readonly #kafka: Kafka;
  readonly #publisher: KafkaPublisher;
  readonly #subscriptions = new Set<KafkaSubscription>();
  #admin: Promise<Admin> | undefined;

  constructor(options: KafkaEventBusOptions) {
    super();
    this.#kafka = connectKafka(options);
    this.#publisher = new KafkaPublisher({
      lingerMs: options.lingerMs ?? 5,
      maxPendingBytes: options.maxPendingBytes ?? 16 * 1024 * 1024,
      createProducer: () =>
        this.#kafka.producer({
          idempotent: true,
          createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
          maxInFlightRequests: 1,
          allowAutoTopicCreation: false,
          retry: { initialRetryTime: 100, maxRetryTime: 3_000, retries: 10 },
        }),
    });
  }

  async publish(records: readonly EventRecord[]): Promise<void> {
    await this.#publisher.publish(
      records.map((record) => ({ topic: record.topic, record: toWire(withTraceparent(record)) })),
    );
  }

  subscribe(subscription: Subscription): RunningSubscription {
    return this.#run(subscription);
  }

  subscribeWithStoredOffsets(subscription: StoredOffsetSubscription): RunningSubscription {
    return this.#run(subscription);
  }

  async partitions(topic: string): Promise<readonly PartitionRange[]> {
    for (let tries = 1; ; tries++) {
      try {
        const admin = await (this.#admin ??= this.#connectAdmin());
        const offsets = await admin.fetchTopicOffsets(topic);
        return offsets
          .map(({ partition, low, high }) => ({ partition, start: BigInt(low), end: BigInt(high) }))
          .sort((a, b) => a.partition - b.partition);
      } catch (error) {
        await this.#disconnectAdmin();
        // Leadership moved, or the topic is so new that its leader does not know yet: a new connection asks the right one.
        if (tries < 5 && (error as { type?: string }).type === 'NOT_LEADER_FOR_PARTITION') continue;
        const message = `Kafka does not answer about ${topic}: is it running, and was the topic created?`;
        throw brokerUnavailable(message, error);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await this.#publisher.close();
    await this.#disconnectAdmin();
  }

  #run(subscription: Subscription | StoredOffsetSubscription): RunningSubscription {
    const running = new KafkaSubscription({
      kafka: this.#kafka,
      subscription,
      sendDead: (topic: string, records: readonly WireRecord[]) =>
        this.#publisher.publish(records.map((record) => ({ topic, record }))),
      onEnd: (ended) => this.#subscriptions.delete(ended),
    });
    this.#subscriptions.add(running);
    return running;
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 } });
    await admin.connect();
    return admin;
  }

  async #disconnectAdmin(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    try {
      await (await admin)?.disconnect();
    } catch {
      // It never connected; `partitions` has told its caller so.
    }
  }
}
