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

/** Errors beyond a twentieth of the budget say no more than "far off". */
const LARGEST_ERROR = 0.05;
const PROPORTIONAL = 16;
const INTEGRAL = 20;

/**
 * The budget after spending and being allowed some more.
 *
 *     error = (allowed - spent) / allowed, at most a twentieth either way
 *     base price *= 1 + integral x error x (newly allowed / allowed)
 *     price = base price x (1 + proportional x error)
 *
 * Intent: what counts is the sum at the end, so the error is that of the whole sum, and it is corrected over a share of the
 * sum rather than over a time: a night without requests teaches nothing, a cell of any size behaves the same, and the
 * price grows calmer as the budget grows. Source: a PI controller on the logarithm of the amount spent.
 */
export function steer(budget: Budget, { spentMs, allowedMs }: Pick<Budget, 'spentMs' | 'allowedMs'>): Budget {
  const spent = budget.spentMs + spentMs;
  const allowed = budget.allowedMs + allowedMs;
  if (allowed <= 0) return { ...budget, spentMs: spent, allowedMs: allowed };
  const error = Math.min(Math.max((allowed - spent) / allowed, -LARGEST_ERROR), LARGEST_ERROR);
  const basePrice = budget.basePrice * (1 + (INTEGRAL * error * allowedMs) / allowed);
  return {
    microEuroPerSavedSecond: Math.round(basePrice * (1 + PROPORTIONAL * error)),
    basePrice,
    spentMs: spent,
    allowedMs: allowed,
  };
}
