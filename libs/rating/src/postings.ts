import { DomainError, Money } from '@ostro/kernel';

/** `organization:<id>:receivable` (what is owed to us) or `ostro:revenue:<provider>:<shard>` (what was earned). */
export type Account = `organization:${string}:receivable` | `ostro:revenue:${string}:${number}`;

/** One side of a double entry: a debit is positive, a credit negative. Never edited; corrections are reversals. */
export interface Posting {
  readonly account: Account;
  readonly amount: Money;
}

export interface PostingInput {
  readonly organizationId: string;
  readonly providerId: string;
  /** Revenue is spread over shards so that writers do not wait for one row. */
  readonly shard: number;
  readonly amount: Money;
}

/** The organization owes what the provider has earned. Nothing is posted for nothing. */
export function postings({ organizationId, providerId, shard, amount }: PostingInput): Posting[] {
  if (amount.isZero()) return [];
  return [
    { account: `organization:${organizationId}:receivable`, amount },
    { account: `ostro:revenue:${providerId}:${shard}`, amount: amount.negated() },
  ];
}

/** Takes back what was posted, entry by entry; computed from the entries, never from the charge again. */
export function reverse(entries: readonly Posting[]): Posting[] {
  return entries.map(({ account, amount }) => ({ account, amount: amount.negated() }));
}

/** @throws DomainError INTERNAL (UNBALANCED) when the entries do not sum to zero in each currency: never store them. */
export function assertBalanced(entries: readonly Posting[]): void {
  const sums = new Map<string, Money>();
  for (const { amount } of entries) {
    sums.set(amount.currency, (sums.get(amount.currency) ?? Money.zero(amount.currency)).plus(amount));
  }
  for (const [currency, sum] of sums) {
    if (!sum.isZero()) {
      throw new DomainError(
        'INTERNAL',
        'UNBALANCED',
        `postings are off by ${sum.toString()} ${currency}: do not store`,
      );
    }
  }
}

/** What replaying entries gives: the balance of each account, in account order, the order in which rows are locked. */
export function balances(entries: readonly Posting[]): Map<Account, Money> {
  const sums = new Map<Account, Money>();
  for (const { account, amount } of entries) {
    sums.set(account, (sums.get(account) ?? Money.zero(amount.currency)).plus(amount));
  }
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
