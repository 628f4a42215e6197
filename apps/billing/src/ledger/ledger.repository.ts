import type { Id } from '@ostro/kernel';
import type { Posting } from '@ostro/rating';
import type { EntityManager } from 'typeorm';

export interface LedgerTransaction {
  readonly id: Id<'txn'>;
  readonly organizationId: Id<'org'>;
  readonly postedAt: Date;
  readonly postings: readonly Posting[];
}

export class LedgerRepository {
  async insert(tx: EntityManager, transactions: readonly LedgerTransaction[]): Promise<void> {
    await tx.query(
      `INSERT INTO ledger_transactions (id, organization_id, posted_at)
       SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])`,
      [
        transactions.map(({ id }) => id),
        transactions.map(({ organizationId }) => organizationId),
        transactions.map(({ postedAt }) => postedAt),
      ],
    );
    const postings = transactions.flatMap(({ id, postings: own }) => own.map((posting) => ({ id, ...posting })));
    if (postings.length === 0) return;
    const [ids, accounts] = [postings.map(({ id }) => id), postings.map(({ account }) => account)];
    const amounts = postings.map(({ amount }) => amount.toString());
    const currencies = postings.map(({ amount }) => amount.currency);
    await tx.query(
      `INSERT INTO postings (transaction_id, account, amount, currency)
       SELECT * FROM unnest($1::text[], $2::text[], $3::numeric[], $4::text[])`,
      [ids, accounts, amounts, currencies],
    );
    await tx.query(
      `INSERT INTO account_balances AS held (account, currency, balance)
       SELECT account, currency, sum(amount)
       FROM unnest($1::text[], $2::numeric[], $3::text[]) AS posting (account, amount, currency)
       GROUP BY account, currency ORDER BY account, currency
       ON CONFLICT (account, currency) DO UPDATE SET balance = held.balance + excluded.balance`,
      [accounts, amounts, currencies],
    );
  }
}
