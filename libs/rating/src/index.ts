export {
  METERS,
  type Meter,
  type PriceBook,
  type PriceQuery,
  type PriceVersion,
  type ResolvedPrices,
  type SkuPrice,
  type Tier,
  resolve,
  skuOf,
} from './price-book.ts';
export { parsePriceBook } from './parse-price-book.ts';
export { maximum, type Quantities, rate, type Rated, type RatedLine, type UsageBound } from './rate.ts';
export {
  type Basis,
  type Checkpoint,
  deliveredTokens,
  type Difference,
  type GatewayRecord,
  type NoChargeReason,
  type Outcome,
  settle,
  SETTLEMENT_WAIT_MS,
  type Settlement,
  type SettlementInput,
  WITNESS_WAIT_MS,
  type WitnessRecord,
} from './settle.ts';
export {
  type Account,
  assertBalanced,
  balances,
  type Posting,
  type PostingInput,
  postings,
  reverse,
} from './postings.ts';
export { draftInvoice, type DraftInvoice, type InvoiceCharge, type InvoiceLine, invoiceLines } from './invoice.ts';
