export { fromWire, toWire, type Undecodable } from './envelope.ts';
export {
  EventBus,
  type BatchHandler,
  type PartitionRange,
  type Position,
  type RecordBatch,
  type RunningSubscription,
  type StoredOffsetSubscription,
  type Subscription,
} from './event-bus.ts';
export {
  deadLetterTopic,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  PoisonRecord,
  type ConsumedRecord,
  type EventRecord,
  type WireRecord,
} from './event-record.ts';
export { claimUnhandled, createInboxTable, handleOnce, pruneInbox } from './inbox.ts';
export { KafkaEventBus, type KafkaConnection, type KafkaEventBusOptions } from './kafka-event-bus.ts';
export { MemoryEventBus, type MemoryTopic } from './memory-event-bus.ts';
export { createOutboxTable, Outbox } from './outbox.ts';
export { OutboxRelay, type OutboxLag, type OutboxRelayOptions } from './outbox-relay.ts';
export { createConsumerOffsetTable, loadOffset, storeOffset } from './stored-offsets.ts';
export { createTopics, type TopicSpec } from './topics.ts';
export { TopicView, type TopicViewOptions } from './topic-view.ts';
export { inTraceOf, withTraceparent } from './tracing.ts';
export { beatKey } from './view-freshness.ts';
export type { DropReason, ViewChange, ViewCodec, ViewEntry } from './view-state.ts';
