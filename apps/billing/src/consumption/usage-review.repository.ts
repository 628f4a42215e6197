import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Defect } from '../domain/arrival.ts';

/** A record that nobody may silently drop and billing cannot decide about. */
export interface ReviewItem extends Defect {
  readonly recordType: string;
  readonly record: Uint8Array;
  /** Where it is known. */
  readonly organizationId?: string;
  readonly requestId?: string;
}

export class UsageReviewRepository {
  /** The same record is listed once, however often it comes. */
  async add(tx: EntityManager, items: readonly ReviewItem[], now: Date): Promise<void> {
    if (items.length === 0) return;
    await tx.query(
      `INSERT INTO usage_review
         (reason, detail, record_type, record, record_sha256, organization_id, request_id, arrived_at)
       SELECT item.*, $8 FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[])
         AS item
       ON CONFLICT ON CONSTRAINT usage_review_record DO NOTHING`,
      [
        items.map(({ reason }) => reason),
        items.map(({ detail }) => detail),
        items.map(({ recordType }) => recordType),
        items.map(({ record }) => Buffer.from(record)),
        items.map(({ record }) => createHash('sha256').update(record).digest()),
        items.map(({ organizationId }) => organizationId ?? null),
        items.map(({ requestId }) => requestId ?? null),
        now,
      ],
    );
  }

  /** A request that was settled after all needs nobody's attention any more. */
  async resolve(
    tx: EntityManager,
    requests: readonly { readonly organizationId: string; readonly requestId: string }[],
    now: Date,
  ): Promise<void> {
    if (requests.length === 0) return;
    await tx.query(
      `UPDATE usage_review SET resolved_at = $3
       WHERE resolved_at IS NULL AND reason = 'PRICE_UNKNOWN'
         AND (organization_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [requests.map(({ organizationId }) => organizationId), requests.map(({ requestId }) => requestId), now],
    );
  }
}
