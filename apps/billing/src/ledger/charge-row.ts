import { type Id, Money } from '@ostro/kernel';
import type { Account, Basis, Meter, Quantities } from '@ostro/rating';
import type { Charge } from '../domain/charge.ts';

export interface ChargeRow {
  readonly id: Id<'chg'>;
  readonly organization_id: Id<'org'>;
  readonly request_id: Id<'req'>;
  readonly requested_at: Date;
  readonly revision: number;
  readonly is_reversal: boolean;
  readonly corrects_charge_id: Id<'chg'> | null;
  readonly project_id: string;
  readonly key_id: string;
  readonly endpoint_name: string;
  readonly model_digest: string;
  readonly outcome: Charge['outcome'];
  readonly basis: Basis;
  readonly difference: TokenTexts | null;
  readonly input_tokens: string;
  readonly cached_input_tokens: string;
  readonly output_tokens: string;
  readonly lines: readonly LineRow[];
  readonly amount: string;
  readonly currency: string;
  readonly price_book_id: string;
  readonly price_version: number;
  readonly sku: string;
  readonly charge_time: Date;
  readonly transaction_id: Id<'txn'>;
  readonly revenue_account: Account;
}

/** Numbers as text: JSON readers would round them. */
interface LineRow {
  readonly meter: Meter;
  readonly quantity: string;
  readonly unit_price: string;
  readonly pricing_unit_exponent: number;
  readonly amount: string;
}

type TokenTexts = Readonly<Record<keyof Quantities, string>>;

export function toRow(charge: Charge): ChargeRow {
  return {
    id: charge.id,
    organization_id: charge.organizationId,
    request_id: charge.requestId,
    requested_at: charge.requestedAt,
    revision: charge.revision,
    is_reversal: charge.isReversal,
    corrects_charge_id: charge.correctsChargeId ?? null,
    project_id: charge.projectId,
    key_id: charge.keyId,
    endpoint_name: charge.endpointName,
    model_digest: charge.modelDigest,
    outcome: charge.outcome,
    basis: charge.basis,
    difference: charge.difference ? texts(charge.difference) : null,
    input_tokens: charge.quantities.inputTokens.toString(),
    cached_input_tokens: charge.quantities.cachedInputTokens.toString(),
    output_tokens: charge.quantities.outputTokens.toString(),
    lines: charge.lines.map(({ meter, quantity, unitPrice, pricingUnitExponent, amount }) => ({
      meter,
      quantity: quantity.toString(),
      unit_price: unitPrice,
      pricing_unit_exponent: pricingUnitExponent,
      amount: amount.toString(),
    })),
    amount: charge.amount.toString(),
    currency: charge.amount.currency,
    price_book_id: charge.priceBookId,
    price_version: charge.priceVersion,
    sku: charge.sku,
    charge_time: charge.chargeTime,
    transaction_id: charge.transactionId,
    revenue_account: charge.revenueAccount,
  };
}

export function fromRow(row: ChargeRow): Charge {
  const { currency } = row;
  return {
    id: row.id,
    organizationId: row.organization_id,
    requestId: row.request_id,
    requestedAt: row.requested_at,
    revision: row.revision,
    isReversal: row.is_reversal,
    ...(row.corrects_charge_id && { correctsChargeId: row.corrects_charge_id }),
    projectId: row.project_id,
    keyId: row.key_id,
    endpointName: row.endpoint_name,
    modelDigest: row.model_digest,
    outcome: row.outcome,
    basis: row.basis,
    ...(row.difference && { difference: counts(row.difference) }),
    quantities: {
      inputTokens: BigInt(row.input_tokens),
      cachedInputTokens: BigInt(row.cached_input_tokens),
      outputTokens: BigInt(row.output_tokens),
    },
    lines: row.lines.map(({ meter, quantity, unit_price, pricing_unit_exponent, amount }) => ({
      meter,
      quantity: BigInt(quantity),
      unitPrice: unit_price,
      pricingUnitExponent: pricing_unit_exponent,
      amount: Money.of(amount, currency),
    })),
    amount: Money.of(row.amount, currency),
    priceBookId: row.price_book_id,
    priceVersion: row.price_version,
    sku: row.sku,
    chargeTime: row.charge_time,
    transactionId: row.transaction_id,
    revenueAccount: row.revenue_account,
  };
}

function texts({ inputTokens, cachedInputTokens, outputTokens }: Quantities): TokenTexts {
  return {
    inputTokens: inputTokens.toString(),
    cachedInputTokens: cachedInputTokens.toString(),
    outputTokens: outputTokens.toString(),
  };
}

function counts({ inputTokens, cachedInputTokens, outputTokens }: TokenTexts): Quantities {
  return {
    inputTokens: BigInt(inputTokens),
    cachedInputTokens: BigInt(cachedInputTokens),
    outputTokens: BigInt(outputTokens),
  };
}
