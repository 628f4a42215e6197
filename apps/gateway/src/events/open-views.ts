import { join } from 'node:path';
import { billingV1, identityV1, schedulingV1, TOPICS, type Topic } from '@ostro/contracts';
import type { Clock } from '@ostro/kernel';
import { type DropReason, type EventBus, type EventRecord, TopicView, type ViewCodec } from '@ostro/messaging';
import type { RecordVerifier } from '@ostro/pki';
import type { PriceBook } from '@ostro/rating';
import type { KnownKey } from '../domain/authenticate.ts';
import type { Route } from '../domain/route.ts';
import * as keyRecord from '../views/key-record.ts';
import * as priceTable from '../views/price-table.ts';
import * as routeRecord from '../views/route-record.ts';

export interface ViewsOptions {
  readonly bus: EventBus;
  readonly verifier: RecordVerifier;
  /** Snapshots are kept here; the gateway starts from them while Kafka is away. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onDropped: (topic: string, reason: DropReason) => void;
  readonly onError: (topic: string, error: unknown) => void;
}

/** Everything the gateway knows of the world, as copies of its owners' compacted topics. */
export interface Views {
  /** By SHA-256 of the secret, hex. */
  readonly keys: TopicView<KnownKey>;
  /** By endpoint id. */
  readonly routes: TopicView<Route>;
  /** By id of the book. */
  readonly prices: TopicView<PriceBook>;
  /** By incarnation: its last settled sequence. */
  readonly settled: TopicView<bigint>;
}

export function openViews(options: ViewsOptions): Views {
  const open = <T>(topic: Topic, codec: ViewCodec<T>) =>
    new TopicView<T>({
      bus: options.bus,
      topic: topic.name,
      codec,
      verify: (record) => isByOwner(topic, record, options.verifier),
      directory: join(options.directory, topic.name),
      maxSnapshotAgeMs: (topic.retentionHours * 3_600_000) / 2,
      clock: options.clock,
      onDropped: (reason) => options.onDropped(topic.name, reason),
      onError: (error) => options.onError(topic.name, error),
    });
  return {
    keys: open(TOPICS.apiKey, decodeKey),
    routes: open(TOPICS.route, decodeRoute),
    prices: open(TOPICS.priceBook, decodePrices),
    settled: open(TOPICS.usageSettled, decodeSettled),
  };
}

/** @throws DomainError PERMISSION_DENIED, which the view counts as a drop. */
function isByOwner(topic: Topic, record: EventRecord, verifier: RecordVerifier): boolean {
  if (!topic.signed) return true;
  const { key, tombstone, headers = {} } = record;
  verifier.verify({ topic: topic.name, key, value: tombstone ? null : record.value, headers }, topic.owner);
  return true;
}

const decodeKey: ViewCodec<KnownKey> = ({ value }) => {
  const record = identityV1.ApiKeyRecord.decode(value);
  if (record.keySha256.length !== 32) return undefined;
  const key = keyRecord.fromProto(record);
  return { key: keyRecord.keyDigest(record), generation: key.generation, value: key };
};

const decodeRoute: ViewCodec<Route> = ({ value }) => {
  const route = routeRecord.fromProto(schedulingV1.RouteRecord.decode(value));
  return route && { key: route.endpointId, generation: route.generation, value: route };
};

const decodePrices: ViewCodec<PriceBook> = ({ value }) => {
  const record = billingV1.PriceBookRecord.decode(value);
  const book = priceTable.fromProto(record);
  return book && { key: book.id, generation: { epoch: record.epoch, generation: record.generation }, value: book };
};

/** A settled sequence only rises, so it is its own generation. */
const decodeSettled: ViewCodec<bigint> = ({ value }) => {
  const { incarnation, upToSequence } = billingV1.UsageSettled.decode(value);
  return { key: incarnation, generation: { epoch: 0n, generation: upToSequence }, value: upToSequence };
};
