import type { ConsumedRecord, EventRecord } from './event-record.ts';

/**
 * Where a consumer that keeps its own offsets stands. Give it to `storeOffset` in the transaction of the effect:
 * it moves `from` to `next` and fails when somebody else has moved it.
 */
export interface Position {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The stored offset this batch builds on; undefined when none was stored. */
  readonly from: bigint | undefined;
  /** The offset to continue at once this batch is handled. */
  readonly next: bigint;
}

/** Records of one partition, in order; never more than 500. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ConsumedRecord[];
  readonly position: Position;
}

export type BatchHandler = (batch: RecordBatch) => Promise<void>;

export interface SubscriptionBase {
  readonly group: string;
  readonly topics: readonly string[];
  readonly handler: BatchHandler;
  /** How often a failing batch is tried before the subscription crashes; UNAVAILABLE does not count. Default 8. */
  readonly attempts?: number;
  /**
   * The subscription has ended for good: the handler kept failing, or the broker refused it. A process that goes on
   * without it is deaf, so the caller usually exits and is started again.
   */
  readonly onCrash: (error: unknown) => void;
}

export interface Subscription extends SubscriptionBase {
  /** Where a group without a committed offset starts. Default true: at the oldest record. */
  readonly fromBeginning?: boolean;
}

export interface StoredOffsetSubscription extends SubscriptionBase {
  /** The offset to continue at, asked on each assignment; undefined starts at the oldest record. */
  readonly loadOffset: (topic: string, partition: number) => Promise<bigint | undefined>;
}

export interface RunningSubscription {
  /** Resolves once partitions were assigned for the first time; pending while the broker cannot be reached. */
  readonly joined: Promise<void>;
  /** Waits for the batch in hand, then leaves the group. */
  stop(): Promise<void>;
}

export interface PartitionRange {
  readonly partition: number;
  /** Offset of the oldest record kept. */
  readonly start: bigint;
  /** Offset the next record will get. */
  readonly end: bigint;
}

/**
 * The log between services. Delivery is at least once and in order per key; consumers dedupe (inbox).
 *
 * A handler that throws PoisonRecord sends the record to `<topic>.dlq` and the partition goes on; a DomainError
 * UNAVAILABLE is retried until it passes; any other error is retried with jitter, then `onCrash`. A batch may be
 * handed over again, whole or record by record.
 */
export abstract class EventBus {
  /**
   * Resolves when every record is stored durably. Waits while too many bytes are under way.
   *
   * Errors: INVALID_ARGUMENT (EVENT_TOO_LARGE, RESERVED_HEADER) before anything is sent; UNAVAILABLE
   * (BROKER_UNAVAILABLE) when the broker did not acknowledge: some records may be stored, so publish them again.
   */
  abstract publish(records: readonly EventRecord[]): Promise<void>;

  /** Starts in the background and keeps trying while the broker is away. Offsets live in the bus. */
  abstract subscribe(subscription: Subscription): RunningSubscription;

  /** As `subscribe`, but offsets live with the consumer, which stores them in the transaction of its effect. */
  abstract subscribeWithStoredOffsets(subscription: StoredOffsetSubscription): RunningSubscription;

  /** Error: UNAVAILABLE (BROKER_UNAVAILABLE) within seconds when there is no answer. */
  abstract partitions(topic: string): Promise<readonly PartitionRange[]>;

  /** Sends what was published, ends every subscription. */
  abstract close(): Promise<void>;
}
