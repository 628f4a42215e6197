import { createHash } from 'node:crypto';
import type { usageV1 } from '@ostro/contracts';

const BUCKETS = 8;
const MOST_RECORDS = 500;
/** Below the bus's limit, with room for the envelope. */
const MOST_BYTES = 700_000;

export interface KeyedWitnesses {
  readonly key: string;
  readonly witnesses: usageV1.AttemptWitnessed[];
}

/** One organization spread over eight keys, so that one partition does not take all of a large one. */
export function usageKey(organizationId: string, requestId: string): string {
  const bucket = createHash('sha256').update(requestId).digest()[0]! % BUCKETS;
  return `${organizationId}/${bucket}`;
}

/** Groups witnesses by key in log order, cut where a batch would grow too long or too large. */
export function inBatches(
  witnesses: readonly usageV1.AttemptWitnessed[],
  sizeOf: (witness: usageV1.AttemptWitnessed) => number,
): KeyedWitnesses[] {
  const open = new Map<string, KeyedWitnesses & { bytes: number }>();
  const batches: KeyedWitnesses[] = [];
  for (const witness of witnesses) {
    const key = usageKey(witness.organizationId, witness.requestId);
    const bytes = sizeOf(witness);
    const current = open.get(key);
    const fits = current && current.witnesses.length < MOST_RECORDS && current.bytes + bytes <= MOST_BYTES;
    const batch = fits ? current : { key, witnesses: [], bytes: 0 };
    if (batch !== current) batches.push(batch);
    open.set(key, batch);
    batch.witnesses.push(witness);
    batch.bytes += bytes;
  }
  return batches.map(({ key, witnesses: all }) => ({ key, witnesses: all }));
}
