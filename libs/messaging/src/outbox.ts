import type { EntityManager, QueryRunner } from 'typeorm';
import { toWire } from './envelope.ts';
import { assertFits, type EventRecord } from './event-record.ts';
import { withTraceparent } from './tracing.ts';

/** Called by a migration of each service that publishes events. */
export async function createOutboxTable(queryRunner: QueryRunner, schema = schemaOf(queryRunner)): Promise<void> {
  // Rows live for milliseconds, so the table is vacuumed by what was deleted, not by what is left.
  await queryRunner.query(`
    CREATE TABLE "${schema}".outbox (
      id bigserial PRIMARY KEY,
      topic text NOT NULL,
      key text NOT NULL,
      partition integer,
      type text NOT NULL,
      headers jsonb NOT NULL,
      payload bytea,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`);
}

/** The schema a service owns. Not asked of @ostro/persistence, which would load its ORM where there is no database. */
function schemaOf({ dataSource }: Pick<QueryRunner | EntityManager, 'dataSource'>): string {
  return (dataSource.options as { schema?: string }).schema ?? 'public';
}

/** The relay of a schema listens here. */
export function outboxChannel(schema: string): string {
  return `outbox_${schema}`;
}

/**
 * Events that are published if, and only if, the transaction commits.
 *
 * Ids are given out at insert but seen at commit, so id order is commit order only where writers take turns: **lock
 * the aggregate's row (`SELECT ... FOR UPDATE`, or the UPDATE of its state) before you append its events.** Then order
 * holds per key, which is all that consumers are promised.
 */
export class Outbox {
  /** @throws DomainError INVALID_ARGUMENT (EVENT_TOO_LARGE, RESERVED_HEADER): here, where the writer can still react. */
  async append(tx: EntityManager, records: readonly EventRecord[]): Promise<void> {
    if (records.length === 0) return;
    const rows = records.map((record) => {
      const wire = toWire(withTraceparent(record));
      assertFits(record.topic, wire);
      return { topic: record.topic, type: record.type, wire };
    });
    await tx.query(
      `INSERT INTO outbox (topic, key, partition, type, headers, payload)
       SELECT topic, key, partition, type, headers, payload
       FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::jsonb[], $6::bytea[])
         WITH ORDINALITY AS event (topic, key, partition, type, headers, payload, position)
       ORDER BY position`,
      [
        rows.map(({ topic }) => topic),
        rows.map(({ wire }) => wire.key),
        rows.map(({ wire }) => wire.partition ?? null),
        rows.map(({ type }) => type),
        rows.map(({ wire }) => JSON.stringify(wire.headers)),
        rows.map(({ wire }) => (wire.value === null ? null : Buffer.from(wire.value))),
      ],
    );
    await tx.query('SELECT pg_notify($1, $2)', [outboxChannel(schemaOf(tx)), '']);
  }
}
