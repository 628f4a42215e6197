import { DomainError, Money } from '@ostro/kernel';

export const METERS = ['input_tokens', 'cached_input_tokens', 'output_tokens', 'requests'] as const;
export type Meter = (typeof METERS)[number];

/** What one SKU costs per meter. `pricingUnitExponent` 6 means: the unit price is for a million. */
export interface SkuPrice {
  readonly sku: string;
  readonly meter: Meter;
  readonly unitPrice: string;
  readonly pricingUnitExponent: number;
}

/** Never edited: another price is another version. In force for `[from, to)`, without end when `to` is absent. */
export interface PriceVersion {
  readonly version: number;
  readonly effective: { readonly from: Date; readonly to?: Date };
  readonly prices: readonly SkuPrice[];
}

export interface PriceBook {
  readonly id: string;
  readonly currency: string;
  /** By time; they never overlap, gaps are allowed. */
  readonly versions: readonly PriceVersion[];
}

/** The prices of one SKU at one version: what a request is admitted with, and what it is charged with. */
export interface ResolvedPrices {
  readonly bookId: string;
  readonly version: number;
  readonly sku: string;
  readonly currency: string;
  readonly meters: Readonly<Partial<Record<Meter, SkuPrice>>>;
}

/** `realtime` today; a batch or flex tier gets a SKU of its own. */
export type Tier = 'realtime';

export interface PriceQuery {
  /** Names of what is sold, most exact first: digest, then family. */
  readonly models: readonly string[];
  readonly tier: Tier;
  /** A request keeps the version it was admitted with; only then is `at` of no account. */
  readonly when: { readonly at: Date } | { readonly pinnedVersion: number };
}

export function skuOf(model: string, tier: Tier): string {
  return `${model}/${tier}`;
}

/**
 * All meters come from one SKU: the first model that has one, else the wildcard.
 * @throws DomainError NOT_FOUND: PRICE_VERSION_NOT_FOUND, PRICE_NOT_FOUND.
 */
export function resolve(book: PriceBook, query: PriceQuery): ResolvedPrices {
  const version = versionOf(book, query.when);
  const sku = [...query.models, '*']
    .map((model) => skuOf(model, query.tier))
    .find((candidate) => version.prices.some((price) => price.sku === candidate));
  if (sku === undefined) {
    const asked = query.models.map((model) => skuOf(model, query.tier)).join(', ');
    throw new DomainError(
      'NOT_FOUND',
      'PRICE_NOT_FOUND',
      `price book ${book.id} version ${version.version} has no price for ${asked}: add a version with it or with */${query.tier}`,
      { details: { bookId: book.id, version: String(version.version), sku: asked } },
    );
  }
  const meters: Partial<Record<Meter, SkuPrice>> = {};
  for (const price of version.prices) if (price.sku === sku) meters[price.meter] = price;
  return { bookId: book.id, version: version.version, sku, currency: book.currency, meters };
}

function versionOf(book: PriceBook, when: PriceQuery['when']): PriceVersion {
  const found =
    'pinnedVersion' in when
      ? book.versions.find(({ version }) => version === when.pinnedVersion)
      : book.versions.find(({ effective }) => isInForce(effective, when.at));
  if (found !== undefined) return found;
  const asked = 'at' in when ? `in force at ${when.at.toISOString()}` : String(when.pinnedVersion);
  throw new DomainError(
    'NOT_FOUND',
    'PRICE_VERSION_NOT_FOUND',
    `price book ${book.id} has no version ${asked}: add one that covers it`,
    { details: { bookId: book.id, asked } },
  );
}

function isInForce({ from, to }: PriceVersion['effective'], at: Date): boolean {
  return from.getTime() <= at.getTime() && (to === undefined || at.getTime() < to.getTime());
}

/** Exact: nothing rounds. */
export function amountOf(price: SkuPrice, quantity: bigint, currency: string): Money {
  return Money.of(price.unitPrice, currency).times(quantity).perPowerOfTen(price.pricingUnitExponent);
}
