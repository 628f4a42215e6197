import type { Id } from '@ostro/kernel';
import { type Account, assertBalanced, balances, postings, type Posting, type ResolvedPrices } from '@ostro/rating';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import { type Charge, chargeOf, reversalOf } from '../domain/charge.ts';
import type { Billable } from '../domain/settle-request.ts';
import type { ChargesRepository } from './charges.repository.ts';
import type { LedgerRepository, LedgerTransaction } from './ledger.repository.ts';

/** What one request adds to the books: a charge, a reversal of the one before, or both. */
export interface LedgerEntry {
  readonly organizationId: Id<'org'>;
  readonly requestId: Id<'req'>;
  readonly requestedAt: Date;
  readonly revision: number;
  readonly reverses?: Id<'chg'>;
  readonly charge?: { readonly billable: Billable; readonly prices: ResolvedPrices };
}

/** Writers that post at the same time rarely meet in the same revenue account. */
const REVENUE_SHARDS = 16;

/** The books. One transaction for each organization and batch; its postings sum to zero, and nothing is ever edited. */
export class Ledger {
  constructor(
    private readonly charges: ChargesRepository,
    private readonly ledger: LedgerRepository,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** Answers the new charges by their entries. Locks the accounts, in order, until the transaction ends. */
  async post(tx: EntityManager, entries: readonly LedgerEntry[]): Promise<ReadonlyMap<LedgerEntry, Charge>> {
    const posted = new Map<LedgerEntry, Charge>();
    if (entries.length === 0) return posted;
    const reversed = await this.charges.load(
      tx,
      entries.flatMap(({ reverses, requestedAt }) => (reverses ? [{ id: reverses, requestedAt }] : [])),
    );
    const rows: Charge[] = [];
    const transactions: LedgerTransaction[] = [];
    for (const [organizationId, own] of groupByOrganization(entries)) {
      const id = this.context.ids('txn');
      const written = own.flatMap((entry) => {
        const reversal = entry.reverses && this.#reversal(reversed.get(entry.reverses)!, id);
        const charge = this.#charge(entry, id);
        if (charge) posted.set(entry, charge);
        return [...(reversal ? [reversal] : []), ...(charge ? [charge] : [])];
      });
      rows.push(...written);
      transactions.push({ id, organizationId, postedAt: this.context.clock.now(), postings: postingsOf(written) });
    }
    await this.ledger.insert(tx, transactions);
    await this.charges.insert(tx, rows);
    return posted;
  }

  #reversal(charge: Charge, transactionId: Id<'txn'>): Charge {
    return reversalOf(charge, { id: this.context.ids('chg'), transactionId });
  }

  #charge({ charge, reverses, revision, requestedAt }: LedgerEntry, transactionId: Id<'txn'>): Charge | undefined {
    if (!charge) return undefined;
    const { providerOrganizationId } = charge.billable.admission;
    return chargeOf({
      ...charge,
      id: this.context.ids('chg'),
      revision,
      requestedAt,
      ...(reverses && { correctsChargeId: reverses }),
      transactionId,
      revenueAccount: `ostro:revenue:${providerOrganizationId}:${shardOf(transactionId)}`,
    });
  }
}

/** Both sides of one charge: what the organization owes, its provider has earned. */
export function postingsOfCharge({ organizationId, revenueAccount, amount }: Charge): Posting[] {
  const [, , providerId, shard] = revenueAccount.split(':');
  return postings({ organizationId, providerId: providerId!, shard: Number(shard), amount });
}

/** Summed by account and currency, balanced, in the order in which accounts are locked. */
function postingsOf(charges: readonly Charge[]): Posting[] {
  const currencies = new Set(charges.map(({ amount }) => amount.currency));
  const sums = [...currencies].flatMap((currency) => {
    const entries = charges.filter(({ amount }) => amount.currency === currency).flatMap(postingsOfCharge);
    return [...balances(entries)].map(([account, amount]: [Account, Posting['amount']]) => ({ account, amount }));
  });
  assertBalanced(sums);
  return sums;
}

function groupByOrganization(entries: readonly LedgerEntry[]): Map<Id<'org'>, LedgerEntry[]> {
  return Map.groupBy(entries, ({ organizationId }) => organizationId);
}

function shardOf(transactionId: Id<'txn'>): number {
  return Number.parseInt(transactionId.slice(-4), 16) % REVENUE_SHARDS;
}
