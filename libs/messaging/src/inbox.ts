import type { EntityManager, QueryRunner } from 'typeorm';
import type { EventRecord } from './event-record.ts';

/** Called by a migration of each service that consumes events. */
export async function createInboxTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE inbox (
      consumer text NOT NULL,
      source text NOT NULL,
      event_id text NOT NULL,
      handled_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (consumer, source, event_id)
    )`);
  await queryRunner.query('CREATE INDEX inbox_handled_at ON inbox (handled_at)');
}

/**
 * Runs the effect of an event once for each consumer, however often it is delivered. The mark is set in the effect's
 * own transaction, so both happen or neither; a second delivery at the same time waits for the first.
 *
 * @returns whether the effect ran.
 */
export async function handleOnce(
  tx: EntityManager,
  consumer: string,
  record: EventRecord,
  effect: () => Promise<void>,
): Promise<boolean> {
  const [fresh] = await claimUnhandled(tx, consumer, [record]);
  if (fresh === undefined) return false;
  await effect();
  return true;
}

/** The batch form of `handleOnce`: marks all and returns those that nobody had handled, in order. */
export async function claimUnhandled<R extends EventRecord>(
  tx: EntityManager,
  consumer: string,
  records: readonly R[],
): Promise<R[]> {
  const byIdentity = new Map(records.map((record) => [`${record.source}\n${record.id}`, record]));
  // In one order for everybody, so that two batches with the same events cannot deadlock.
  const identities = [...byIdentity.keys()].sort();
  const claimed: { source: string; event_id: string }[] = await tx.query(
    `INSERT INTO inbox (consumer, source, event_id)
     SELECT $1, source, event_id FROM unnest($2::text[], $3::text[]) AS event (source, event_id)
     ON CONFLICT DO NOTHING RETURNING source, event_id`,
    [
      consumer,
      identities.map((identity) => byIdentity.get(identity)!.source),
      identities.map((identity) => byIdentity.get(identity)!.id),
    ],
  );
  const fresh = new Set(claimed.map(({ source, event_id: id }) => `${source}\n${id}`));
  // `delete` answers once for each, so that an event that is twice in the batch is handed out once.
  return records.filter((record) => fresh.delete(`${record.source}\n${record.id}`));
}

/**
 * Forgets marks older than `before`, at most `limit` of them a call. Keep them longer than the topic keeps its
 * records: an event that is delivered again after its mark is gone would count twice.
 */
export async function pruneInbox(tx: EntityManager, before: Date, limit = 10_000): Promise<number> {
  const result: [unknown[], number] = await tx.query(
    `DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)`,
    [before, limit],
  );
  return result[1];
}
