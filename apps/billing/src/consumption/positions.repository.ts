import type { EntityManager } from 'typeorm';

export interface SequenceSeen {
  readonly incarnation: string;
  readonly sequence: bigint;
}

export interface SettledPosition {
  readonly incarnation: string;
  /** All of 1 to this is in billing's hands; 0: the first is still missing. */
  readonly settledUpTo: bigint;
}

/**
 * How far each incarnation's dense sequence is in billing's hands. Records come over several partitions, so what was
 * received is a set; only its part without a gap may be trimmed by the writer.
 */
export class PositionsRepository {
  /** Locks the rows, in order, until the transaction ends: call it last. */
  async receive(tx: EntityManager, seen: readonly SequenceSeen[]): Promise<SettledPosition[]> {
    const rows: { incarnation: string; settled_up_to: string }[] = await tx.query(
      `INSERT INTO usage_positions AS position (incarnation, received, settled_up_to)
       SELECT incarnation, received,
         coalesce((SELECT upper(part) - 1 FROM unnest(received) AS part WHERE part @> 1::bigint), 0)
       FROM (SELECT incarnation, range_agg(int8range(sequence, sequence + 1)) AS received
             FROM unnest($1::text[], $2::bigint[]) AS seen (incarnation, sequence) GROUP BY incarnation) AS batch
       ORDER BY incarnation
       ON CONFLICT (incarnation) DO UPDATE SET
         received = position.received + excluded.received,
         settled_up_to = coalesce((SELECT upper(part) - 1
           FROM unnest(position.received + excluded.received) AS part WHERE part @> 1::bigint), 0)
       RETURNING incarnation, settled_up_to`,
      [seen.map(({ incarnation }) => incarnation), seen.map(({ sequence }) => sequence.toString())],
    );
    return rows.map((row) => ({ incarnation: row.incarnation, settledUpTo: BigInt(row.settled_up_to) }));
  }

  /** The incarnation's spool was read to its end, and this is where it ends. */
  async markReplayed(tx: EntityManager, ends: readonly { incarnation: string; lastSequence: bigint }[]): Promise<void> {
    if (ends.length === 0) return;
    await tx.query(
      `INSERT INTO usage_positions AS position (incarnation, received, settled_up_to, replayed_to)
       SELECT incarnation, '{}', 0, max(last_sequence)
       FROM unnest($1::text[], $2::bigint[]) AS ended (incarnation, last_sequence)
       GROUP BY incarnation ORDER BY incarnation
       ON CONFLICT (incarnation) DO UPDATE SET replayed_to = greatest(position.replayed_to, excluded.replayed_to)`,
      [ends.map(({ incarnation }) => incarnation), ends.map(({ lastSequence }) => lastSequence.toString())],
    );
  }

  /** Those of which nothing is missing any more: what billing has not got from them does not exist. */
  async replayed(tx: EntityManager, incarnations: readonly string[]): Promise<ReadonlySet<string>> {
    const rows: { incarnation: string }[] = await tx.query(
      `SELECT incarnation FROM usage_positions WHERE incarnation = ANY($1::text[]) AND settled_up_to >= replayed_to`,
      [incarnations],
    );
    return new Set(rows.map(({ incarnation }) => incarnation));
  }
}
