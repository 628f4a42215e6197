import { billingV1, usageV1 } from '@ostro/contracts';
import { z } from 'zod';
import { instant, pageOf, quantity, text, view, whole } from '../shapes/view.ts';
import { words } from '../shapes/words.ts';

export const groupings = words(billingV1.UsageGrouping);
const meters = words(billingV1.Meter);

const money = view<billingV1.Money>()('Money', { amount: text, currency: text });

export const balance = view<billingV1.GetBalanceResponse>()('Balance', { balance: money.optional() });

const usageRow = view<billingV1.UsageRow>()('UsageRow', {
  day: text,
  project_id: text,
  key_id: text,
  endpoint_name: text,
  requests: quantity,
  input_tokens: quantity,
  cached_input_tokens: quantity,
  output_tokens: quantity,
  amount: money.optional(),
});

const chargeLine = view<billingV1.ChargeLine>()('ChargeLine', {
  meter: meters.view,
  quantity,
  unit_price: text,
  pricing_unit_exponent: whole,
  amount: money.optional(),
});

const chargeFields = {
  charge_id: text,
  request_id: text,
  organization_id: text,
  project_id: text,
  key_id: text,
  endpoint_name: text,
  model_digest: text,
  outcome: words(usageV1.RequestOutcome).view,
  basis: words(billingV1.ChargeBasis).view,
  lines: z.array(chargeLine),
  amount: money.optional(),
  price_book_id: text,
  price_version: whole,
  charge_time: instant,
  corrects_charge_id: text,
};

const charge = view<billingV1.Charge>()('Charge', chargeFields);

const posting = view<billingV1.Posting>()('Posting', {
  transaction_id: text,
  account: text,
  amount: money.optional(),
  post_time: instant,
});

/** A charge and the ledger rows it made. */
export const postedCharge = view<billingV1.Charge & { postings: billingV1.Posting[] }>()('PostedCharge', {
  ...chargeFields,
  postings: z.array(posting),
});

const invoiceLine = view<billingV1.InvoiceLine>()('InvoiceLine', {
  project_id: text,
  endpoint_name: text,
  meter: meters.view,
  quantity,
  exact_amount: money.optional(),
  amount: money.optional(),
});

export const draftInvoice = view<billingV1.DraftInvoice>()('DraftInvoice', {
  organization_id: text,
  period_start: instant,
  period_end: instant,
  lines: z.array(invoiceLine),
  total: money.optional(),
});

const skuPrice = view<billingV1.SkuPrice>()('SkuPrice', {
  sku: text,
  meter: meters.view,
  unit_price: text,
  pricing_unit_exponent: whole,
});

const priceVersion = view<billingV1.PriceVersion>()('PriceVersion', {
  version: whole,
  effective_from: instant,
  effective_to: instant,
  prices: z.array(skuPrice),
});

export const priceBook = view<billingV1.PriceBookRecord>()('PriceBook', {
  price_book_id: text,
  currency: text,
  versions: z.array(priceVersion),
  cell_id: text,
  epoch: quantity,
  generation: quantity,
});

export const usagePage = pageOf(usageRow, 'UsagePage');
export const chargePage = pageOf(charge, 'ChargePage');
