import { createHash } from 'node:crypto';
import { TOPICS, usageV1 } from '@ostro/contracts';
import type { Clock, IdSource } from '@ostro/kernel';
import type { EventRecord } from '@ostro/messaging';

const { name: topic, types } = TOPICS.usageRequest;
const BUCKETS = 8;
export const MOST_ENTRIES = 500;

export interface BatchSource {
  readonly cellId: string;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Entries as records of the topic: one batch a key, in the order given. At most 500 entries at a time. */
export function toRecords(entries: readonly usageV1.UsageEntry[], source: BatchSource): EventRecord[] {
  const byKey = Map.groupBy(entries, keyOf);
  return [...byKey].map(([key, group]) => {
    const organizationId = organizationOf(group[0]!);
    return {
      topic,
      key,
      type: types[0],
      id: source.ids('evt'),
      source: `${source.cellId}/gateway`,
      subject: key,
      time: source.clock.now(),
      value: usageV1.UsageBatch.encode({ entries: group, cellId: source.cellId }).finish(),
      ...(organizationId !== undefined && { organizationId }),
    };
  });
}

function keyOf({ entry }: usageV1.UsageEntry): string {
  if (entry?.$case === 'replayed') return entry.replayed.gatewayIncarnation;
  const { organizationId = '', requestId = '' } = entry?.recorded.begun ?? {};
  return `${organizationId}/${bucketOf(requestId)}`;
}

function organizationOf({ entry }: usageV1.UsageEntry): string | undefined {
  return entry?.$case === 'recorded' ? entry.recorded.begun?.organizationId : undefined;
}

/** Spreads one organization over partitions; the same request always goes to the same. */
function bucketOf(requestId: string): number {
  return createHash('sha256').update(requestId).digest()[0]! % BUCKETS;
}
