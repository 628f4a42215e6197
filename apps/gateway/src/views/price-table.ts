import { billingV1 } from '@ostro/contracts';
import { isDomainError } from '@ostro/kernel';
import { maximum, type PriceBook, resolve, type ResolvedPrices, type UsageBound } from '@ostro/rating';
import { type Refusal, unavailable } from '../domain/refusal.ts';
import type { Route, Target } from '../domain/route.ts';
import type { View } from './view.ts';

const DEFAULT_BOOK = 'pbk_default';
const RETRY_SECONDS = 30;

/** What a request is admitted with: the same version prices its charge. */
export interface PinnedPrice {
  readonly bookId: string;
  readonly version: number;
  readonly sku: string;
  /** The most it may cost, exactly. */
  readonly maximumAmount: string;
}

export class PriceTable {
  readonly #view: View<PriceBook>;

  constructor(view: View<PriceBook>) {
    this.#view = view;
  }

  /** Nothing is served that has no price: it could never be billed. */
  pin(route: Route, target: Target, at: Date, bound: UsageBound): PinnedPrice | Refusal {
    const prices = this.pricesOf(route, target, at);
    if (prices === undefined) {
      return unavailable(
        'price_unknown',
        `The model '${route.name}' has no price here yet: billing must publish a price book that covers it.`,
        RETRY_SECONDS,
      );
    }
    const { bookId, version, sku } = prices;
    return { bookId, version, sku, maximumAmount: maximum([prices], bound).toString() };
  }

  /** Prices in force, or undefined when no known book has any for it. */
  pricesOf(route: Route, target: Target, at: Date): ResolvedPrices | undefined {
    const book = this.#view.get(route.priceBookId || DEFAULT_BOOK) ?? this.#onlyBook(route);
    if (book === undefined) return undefined;
    const models = [route.sku, target.modelDigest, target.modelName].filter((name) => name !== '');
    try {
      return resolve(book, { models, tier: 'realtime', when: { at } });
    } catch (error) {
      if (isDomainError(error) && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** An endpoint without a book of its own uses the cell's, whatever it is called. */
  #onlyBook(route: Route): PriceBook | undefined {
    if (route.priceBookId !== '') return undefined;
    const [first, ...others] = this.#view.values();
    return others.length === 0 ? first : undefined;
  }
}

const METERS = {
  [billingV1.Meter.METER_INPUT_TOKENS]: 'input_tokens',
  [billingV1.Meter.METER_CACHED_INPUT_TOKENS]: 'cached_input_tokens',
  [billingV1.Meter.METER_OUTPUT_TOKENS]: 'output_tokens',
} as const;

/** Undefined when a version lacks the instant from which it holds. */
export function fromProto(record: billingV1.PriceBookRecord): PriceBook | undefined {
  const versions = record.versions.map(({ version, effectiveFrom, effectiveTo, prices }) => {
    if (effectiveFrom === undefined) return undefined;
    return {
      version,
      effective: { from: effectiveFrom, ...(effectiveTo && { to: effectiveTo }) },
      prices: prices.flatMap(({ sku, meter, unitPrice, pricingUnitExponent }) => {
        const known = METERS[meter as keyof typeof METERS];
        return known === undefined ? [] : [{ sku, meter: known, unitPrice, pricingUnitExponent }];
      }),
    };
  });
  if (versions.some((version) => version === undefined)) return undefined;
  return { id: record.priceBookId, currency: record.currency, versions: versions.filter((v) => v !== undefined) };
}
