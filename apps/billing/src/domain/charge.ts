import type { Id, Money } from '@ostro/kernel';
import {
  type Account,
  type Difference,
  type Basis,
  type Quantities,
  rate,
  type RatedLine,
  type ResolvedPrices,
} from '@ostro/rating';
import type { Billable } from './settle-request.ts';
import type { GatewayFact } from './usage-facts.ts';

/**
 * One billed row. Never edited: a correction is a reversal, which repeats the charge with every sign turned, and, where
 * something is left to bill, a new charge of the same revision.
 */
export interface Charge {
  readonly id: Id<'chg'>;
  readonly organizationId: Id<'org'>;
  readonly requestId: Id<'req'>;
  readonly requestedAt: Date;
  /** 0, then 1 for the first correction. */
  readonly revision: number;
  readonly isReversal: boolean;
  readonly correctsChargeId?: Id<'chg'>;
  readonly projectId: string;
  readonly keyId: string;
  readonly endpointName: string;
  readonly modelDigest: string;
  readonly outcome: GatewayFact['outcome'];
  readonly basis: Basis;
  readonly difference?: Difference;
  readonly quantities: Quantities;
  readonly lines: readonly RatedLine[];
  readonly amount: Money;
  readonly priceBookId: string;
  readonly priceVersion: number;
  readonly sku: string;
  /** When the request ended: decides the period, for a correction too. */
  readonly chargeTime: Date;
  readonly transactionId: Id<'txn'>;
  /** Who earned it, and in which shard: a reversal takes it back from there. */
  readonly revenueAccount: Account;
}

export interface ChargeInput {
  readonly id: Id<'chg'>;
  readonly revision: number;
  readonly requestedAt: Date;
  readonly correctsChargeId?: Id<'chg'>;
  readonly billable: Billable;
  readonly prices: ResolvedPrices;
  readonly transactionId: Id<'txn'>;
  readonly revenueAccount: Account;
}

export function chargeOf({ billable, prices, ...rest }: ChargeInput): Charge {
  const { admission, quantities, basis, difference, outcome, endedAt } = billable;
  const { lines, amount } = rate(prices, quantities);
  return {
    ...rest,
    isReversal: false,
    organizationId: admission.organizationId,
    requestId: admission.requestId,
    projectId: admission.projectId,
    keyId: admission.keyId,
    endpointName: admission.endpointName,
    modelDigest: admission.modelDigest,
    outcome,
    basis,
    ...(difference && { difference }),
    quantities,
    lines,
    amount,
    priceBookId: prices.bookId,
    priceVersion: prices.version,
    sku: prices.sku,
    chargeTime: endedAt,
  };
}

export function reversalOf(
  charge: Charge,
  { id, transactionId }: { readonly id: Id<'chg'>; readonly transactionId: Id<'txn'> },
): Charge {
  const { quantities, lines, amount } = charge;
  return {
    ...charge,
    id,
    transactionId,
    revision: charge.revision + 1,
    isReversal: true,
    correctsChargeId: charge.id,
    quantities: {
      inputTokens: -quantities.inputTokens,
      cachedInputTokens: -quantities.cachedInputTokens,
      outputTokens: -quantities.outputTokens,
    },
    lines: lines.map((line) => ({ ...line, quantity: -line.quantity, amount: line.amount.negated() })),
    amount: amount.negated(),
  };
}
