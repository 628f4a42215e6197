import type { Id } from '@ostro/kernel';
import type { EntityManager } from 'typeorm';
import type { Charge } from '../domain/charge.ts';
import { fromRow, type ChargeRow, toRow } from './charge-row.ts';

const COLUMNS = {
  id: 'text',
  organization_id: 'text',
  request_id: 'text',
  requested_at: 'timestamptz',
  revision: 'integer',
  is_reversal: 'boolean',
  corrects_charge_id: 'text',
  project_id: 'text',
  key_id: 'text',
  endpoint_name: 'text',
  model_digest: 'text',
  outcome: 'text',
  basis: 'text',
  difference: 'jsonb',
  input_tokens: 'bigint',
  cached_input_tokens: 'bigint',
  output_tokens: 'bigint',
  lines: 'jsonb',
  amount: 'numeric',
  currency: 'text',
  price_book_id: 'text',
  price_version: 'integer',
  sku: 'text',
  charge_time: 'timestamptz',
  transaction_id: 'text',
  revenue_account: 'text',
} as const satisfies Record<keyof ChargeRow, string>;

const NAMES = Object.keys(COLUMNS).join(', ');
const TYPED = Object.entries(COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

export class ChargesRepository {
  /** @throws when one of them was charged before: the books are then wrong, and nothing of the batch may stay. */
  async insert(tx: EntityManager, charges: readonly Charge[]): Promise<void> {
    await tx.query(
      `INSERT INTO charges (${NAMES}) SELECT ${NAMES} FROM jsonb_to_recordset($1::jsonb) AS charge (${TYPED})`,
      [JSON.stringify(charges.map(toRow))],
    );
  }

  async load(
    tx: EntityManager,
    which: readonly { readonly id: Id<'chg'>; readonly requestedAt: Date }[],
  ): Promise<ReadonlyMap<Id<'chg'>, Charge>> {
    if (which.length === 0) return new Map();
    const rows: ChargeRow[] = await tx.query(
      `SELECT * FROM charges WHERE (id, requested_at) IN (SELECT * FROM unnest($1::text[], $2::timestamptz[]))`,
      [which.map(({ id }) => id), which.map(({ requestedAt }) => requestedAt)],
    );
    return new Map(rows.map((row) => [row.id, fromRow(row)]));
  }

  /**
   * Makes room for the months around `now`. A month's table is made before its first request; requests of other
   * months went to review long before they reach this table.
   */
  async makePartitions(tx: EntityManager, now: Date): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('ostro.billing.charge_partitions'))`);
    for (const offset of [-1, 0, 1, 2]) {
      const [from, to] = [monthOf(now, offset), monthOf(now, offset + 1)];
      const name = `charges_${from.toISOString().slice(0, 7).replace('-', '_')}`;
      await tx.query(
        `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF charges
         FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
      );
    }
  }
}

function monthOf(now: Date, offset: number): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset));
}
