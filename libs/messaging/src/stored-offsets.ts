import { DomainError } from '@ostro/kernel';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { Position } from './event-bus.ts';

/** Called by a migration of each service that keeps its own offsets. */
export async function createConsumerOffsetTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE consumer_offsets (
      consumer_group text NOT NULL,
      topic text NOT NULL,
      partition integer NOT NULL,
      next_offset bigint NOT NULL CHECK (next_offset >= 0),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (consumer_group, topic, partition)
    )`);
}

export async function loadOffset(
  manager: EntityManager,
  { group, topic, partition }: Pick<Position, 'group' | 'topic' | 'partition'>,
): Promise<bigint | undefined> {
  const rows: { next_offset: string }[] = await manager.query(
    'SELECT next_offset FROM consumer_offsets WHERE consumer_group = $1 AND topic = $2 AND partition = $3',
    [group, topic, partition],
  );
  return rows[0] === undefined ? undefined : BigInt(rows[0].next_offset);
}

/**
 * Moves the stored offset from where this batch began to where it ends, in the transaction of the batch's effect. The
 * row is locked until that commits, so of two consumers with the same batch (one has lost the partition and does not
 * know yet) exactly one succeeds, and offsets never go back.
 *
 * @throws DomainError ABORTED (STALE_CONSUMER): let it pass; the subscription loads the offset again.
 */
export async function storeOffset(tx: EntityManager, position: Position): Promise<void> {
  const { group, topic, partition, from, next } = position;
  const key = [group, topic, partition, next.toString()];
  const moved: unknown[] =
    from === undefined
      ? await tx.query(
          `INSERT INTO consumer_offsets (consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING RETURNING 1`,
          key,
        )
      : (
          (await tx.query(
            `UPDATE consumer_offsets SET next_offset = $4, updated_at = now()
           WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND next_offset = $5 AND next_offset < $4
           RETURNING 1`,
            [...key, from.toString()],
          )) as [unknown[], number]
        )[0];
  if (moved.length > 0) return;
  throw new DomainError(
    'ABORTED',
    'STALE_CONSUMER',
    `another consumer of ${group} moved ${topic}/${partition} on from ${from ?? 'its start'}: load the offset again`,
    { details: { group, topic, partition: String(partition) } },
  );
}

/** The stored offset lies beyond what the topic holds: it was made anew, and reading on would skip or repeat. */
export function offsetBeyondTopic(topic: string, partition: number, offset: bigint): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'OFFSET_BEYOND_TOPIC',
    `the stored offset ${offset} of ${topic}/${partition} is beyond its end: was the topic made anew? ` +
      'Check what was lost, then remove the stored offset to read from the oldest record',
    { details: { topic, partition: String(partition), offset: String(offset) } },
  );
}
