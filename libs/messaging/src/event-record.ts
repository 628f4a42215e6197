import { DomainError } from '@ostro/kernel';

/**
 * One fact in past tense, as its owner publishes it. `source` + `id` is what consumers dedupe by; `key` is the
 * aggregate's id, and order holds per key.
 */
export interface EventRecord {
  readonly topic: string;
  readonly key: string;
  /** Full proto name of the payload, such as `ostro.scheduling.v1.ReplicaPlaced`. */
  readonly type: string;
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly time: Date;
  readonly organizationId?: string;
  /** W3C trace context; taken from the running span when absent. */
  readonly traceparent?: string;
  /** Encoded protobuf. Empty for a tombstone. */
  readonly value: Uint8Array;
  /** A compacted topic forgets the key. Not the same as an empty message, which is a value of its own. */
  readonly tombstone?: boolean;
  /** Where it goes, instead of by its key: for beats, which every partition gets. */
  readonly partition?: number;
  /** Further headers, such as a signature. Names of the envelope are refused. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A record as it was read. */
export interface ConsumedRecord extends EventRecord {
  readonly partition: number;
  readonly offset: bigint;
}

/** A record on the wire: what every bus stores, whatever its payload means. */
export interface WireRecord {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition?: number;
}

/** A batch, and so a record, may not be larger: the broker's limit is 1 MiB and its own framing needs room. */
export const MAX_BATCH_BYTES = 900_000;
export const MAX_BATCH_RECORDS = 500;

/** Bytes a record takes in a batch, framing included. */
export function sizeOf({ key, value, headers }: WireRecord): number {
  let bytes = 64 + Buffer.byteLength(key) + (value?.byteLength ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += 8 + Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

/**
 * Thrown by a handler about a record that can never be handled. It goes to `<topic>.dlq` with its reason and its
 * partition goes on. Anything else that a handler throws is taken for a passing trouble and retried.
 */
export class PoisonRecord extends Error {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'PoisonRecord';
    this.reason = reason;
  }
}

/** @throws DomainError INVALID_ARGUMENT (EVENT_TOO_LARGE), at once and for good: retrying cannot help. */
export function assertFits(topic: string, record: WireRecord): number {
  const bytes = sizeOf(record);
  if (bytes <= MAX_BATCH_BYTES) return bytes;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'EVENT_TOO_LARGE',
    `an event on ${topic} has ${bytes} bytes and at most ${MAX_BATCH_BYTES} fit: publish a reference to the data instead`,
    { details: { topic, bytes: String(bytes), limit_bytes: String(MAX_BATCH_BYTES) } },
  );
}

export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}
