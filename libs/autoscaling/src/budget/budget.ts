/** What a cell was allowed to spend on replicas, what it has spent, and the price of a saved second that this affords. */
export interface Budget {
  readonly microEuroPerSavedSecond: number;
  /** The price that the error so far has led to, before the correction by the error of now. */
  readonly basePrice: number;
  /** Replica time in VRAM, whatever it did there. */
  readonly spentMs: number;
  readonly allowedMs: number;
}

/** 20 euros for an hour of somebody's waiting, until the budget says otherwise. */
const FIRST_PRICE = 5_556;

export const NEW_BUDGET: Budget = {
  microEuroPerSavedSecond: FIRST_PRICE,
  basePrice: FIRST_PRICE,
  spentMs: 0,
  allowedMs: 0,
};

/** Errors beyond half of the budget say no more than "far off", and no step is more than a tenth of the budget. */
const LARGEST_ERROR = 0.5;
const LARGEST_STEP = 0.1;
const PROPORTIONAL = 16;
const INTEGRAL = 20;

/**
 * The budget after spending and being allowed some more.
 *
 *     error = (allowed - spent) / allowed,                    at most a half either way
 *     base price x= 1 + integral x error x (newly allowed / allowed)
 *     price = base price x (1 + proportional x error)         where a factor 1 - x is taken as 1 / (1 + x)
 *
 * Intent: what counts is the sum at the end, so the error is that of the whole sum, and it is corrected over a share of the
 * sum rather than over a time: a night without requests teaches nothing, a cell of any size behaves the same, and the
 * price grows calmer as the budget grows. Source: a PI controller of the logarithm of the price on that of the sum.
 */
export function steer(budget: Budget, { spentMs, allowedMs }: Pick<Budget, 'spentMs' | 'allowedMs'>): Budget {
  const spent = budget.spentMs + spentMs;
  const allowed = budget.allowedMs + allowedMs;
  if (allowed <= 0) return { ...budget, spentMs: spent, allowedMs: allowed };
  const error = Math.min(Math.max((allowed - spent) / allowed, -LARGEST_ERROR), LARGEST_ERROR);
  const step = Math.min(allowedMs / allowed, LARGEST_STEP);
  const basePrice = budget.basePrice * factor(INTEGRAL * error * step);
  return {
    microEuroPerSavedSecond: Math.round(basePrice * factor(PROPORTIONAL * error)),
    basePrice,
    spentMs: spent,
    allowedMs: allowed,
  };
}

/** As much down as up: a price never reaches zero, from where no factor would bring it back. */
function factor(change: number): number {
  return change < 0 ? 1 / (1 - change) : 1 + change;
}
