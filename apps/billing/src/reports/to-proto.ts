import { billingV1, usageV1 } from '@ostro/contracts';
import type { Money } from '@ostro/kernel';
import type { Basis, DraftInvoice } from '@ostro/rating';
import type { Charge } from '../domain/charge.ts';
import { postingsOfCharge } from '../ledger/ledger.ts';
import { METERS } from '../prices/price-book-proto.ts';
import type { PostedCharge } from './charges.view.ts';
import type { UsageRow } from './usage.view.ts';

const BASES: Readonly<Record<Basis, billingV1.ChargeBasis>> = {
  agreed: billingV1.ChargeBasis.CHARGE_BASIS_AGREED,
  gateway: billingV1.ChargeBasis.CHARGE_BASIS_GATEWAY,
  witness: billingV1.ChargeBasis.CHARGE_BASIS_WITNESS,
  lower_of_both: billingV1.ChargeBasis.CHARGE_BASIS_LOWER,
};

const OUTCOMES: Readonly<Record<Charge['outcome'], usageV1.RequestOutcome>> = {
  completed: usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED,
  client_cancelled: usageV1.RequestOutcome.REQUEST_OUTCOME_CLIENT_CANCELLED,
  failed_ours: usageV1.RequestOutcome.REQUEST_OUTCOME_FAILED,
  refused: usageV1.RequestOutcome.REQUEST_OUTCOME_REFUSED,
  gateway_lost: usageV1.RequestOutcome.REQUEST_OUTCOME_GATEWAY_LOST,
};

export function moneyToProto(money: Money): billingV1.Money {
  return money.toJSON();
}

export function chargeToProto(charge: Charge): billingV1.Charge {
  return {
    chargeId: charge.id,
    requestId: charge.requestId,
    organizationId: charge.organizationId,
    projectId: charge.projectId,
    keyId: charge.keyId,
    endpointName: charge.endpointName,
    modelDigest: charge.modelDigest,
    outcome: OUTCOMES[charge.outcome],
    basis: BASES[charge.basis],
    lines: charge.lines.map(({ meter, quantity, unitPrice, pricingUnitExponent, amount }) => ({
      meter: METERS[meter],
      quantity,
      unitPrice,
      pricingUnitExponent,
      amount: moneyToProto(amount),
    })),
    amount: moneyToProto(charge.amount),
    priceBookId: charge.priceBookId,
    priceVersion: charge.priceVersion,
    chargeTime: charge.chargeTime,
    correctsChargeId: charge.correctsChargeId ?? '',
  };
}

export function postingsToProto({ charge, postedAt }: PostedCharge): billingV1.Posting[] {
  return postingsOfCharge(charge).map(({ account, amount }) => ({
    transactionId: charge.transactionId,
    account,
    amount: moneyToProto(amount),
    postTime: postedAt,
  }));
}

export function usageRowToProto(row: UsageRow): billingV1.UsageRow {
  return {
    day: row.day,
    projectId: row.project,
    keyId: row.key,
    endpointName: row.model,
    requests: BigInt(row.requests),
    inputTokens: BigInt(row.input_tokens),
    cachedInputTokens: BigInt(row.cached_input_tokens),
    outputTokens: BigInt(row.output_tokens),
    amount: { amount: row.amount, currency: row.currency },
  };
}

export function invoiceToProto({ organizationId, period, lines, total }: DraftInvoice): billingV1.DraftInvoice {
  return {
    organizationId,
    periodStart: period.start,
    periodEnd: period.end,
    lines: lines.map(({ projectId, model, meter, quantity, exactAmount, amount }) => ({
      projectId,
      endpointName: model,
      meter: METERS[meter],
      quantity,
      exactAmount: moneyToProto(exactAmount),
      amount: moneyToProto(amount),
    })),
    total: moneyToProto(total),
  };
}
