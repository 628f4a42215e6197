import { DomainError, Money } from '@ostro/kernel';
import { amountOf, type Meter, type ResolvedPrices, type SkuPrice } from './price-book.ts';

/** `cachedInputTokens` are part of `inputTokens`, as engines and the OpenAI API count them. */
export interface Quantities {
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly outputTokens: bigint;
}

export interface RatedLine {
  readonly meter: Meter;
  readonly quantity: bigint;
  readonly unitPrice: string;
  readonly pricingUnitExponent: number;
  readonly amount: Money;
}

export interface Rated {
  readonly lines: readonly RatedLine[];
  readonly amount: Money;
}

/**
 * What one charged request costs, exactly: nothing rounds. Cached tokens cost the input price where the SKU has none
 * of its own; a request costs something for itself only where the SKU says so.
 * @throws DomainError INVALID_ARGUMENT (INVALID_QUANTITY): a negative quantity, or more cached tokens than input.
 */
export function rate(prices: ResolvedPrices, usage: Quantities): Rated {
  const { inputTokens, cachedInputTokens, outputTokens } = usage;
  if (outputTokens < 0n || cachedInputTokens < 0n || inputTokens < cachedInputTokens) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'INVALID_QUANTITY',
      'quantities are not negative, and cached input tokens are part of the input tokens: send the usage to review',
    );
  }
  const { input_tokens: input, cached_input_tokens: cached, output_tokens: output, requests } = prices.meters;
  const lines = [
    line('input_tokens', input, inputTokens - cachedInputTokens),
    line('cached_input_tokens', cached ?? input, cachedInputTokens),
    line('output_tokens', output, outputTokens),
    line('requests', requests, 1n),
  ].filter((rated) => rated !== undefined);
  return { lines, amount: lines.reduce((sum, { amount }) => sum.plus(amount), Money.zero(prices.currency)) };

  function line(meter: Meter, price: SkuPrice | undefined, quantity: bigint): RatedLine | undefined {
    if (price === undefined || quantity === 0n) return undefined;
    const { unitPrice, pricingUnitExponent } = price;
    return { meter, quantity, unitPrice, pricingUnitExponent, amount: amountOf(price, quantity, prices.currency) };
  }
}

/** The most a request can use. `n` is how many answers it may produce (`n` or `best_of`). */
export interface UsageBound {
  readonly promptBound: bigint;
  readonly effectiveMax: bigint;
  readonly n: bigint;
}

/**
 * What admission reserves: the price of the bound, all of it uncached, at the dearest candidate the request may
 * reach. No usage within the bound costs more.
 */
export function maximum(candidates: readonly [ResolvedPrices, ...ResolvedPrices[]], bound: UsageBound): Money {
  const usage = { inputTokens: bound.promptBound, cachedInputTokens: 0n, outputTokens: bound.n * bound.effectiveMax };
  const amounts = candidates.map((prices) => rate(prices, usage).amount);
  return amounts.reduce((dearest, amount) => (amount.compare(dearest) > 0 ? amount : dearest));
}
