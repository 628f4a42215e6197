import { Big } from 'big.js';
import { DomainError } from './domain-error.ts';

const CURRENCY = /^[A-Z]{3}$/;
const AMOUNT = /^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,24})?$/;

/**
 * An exact amount in one currency. JS numbers never hold money: amounts enter and leave as decimal strings.
 * Nothing is rounded here; an invoice line rounds once, by `toMinorUnits`.
 */
export class Money {
  readonly currency: string;
  readonly #value: Big;

  private constructor(value: Big, currency: string) {
    this.#value = value;
    this.currency = currency;
  }

  /** @throws DomainError INVALID_ARGUMENT (INVALID_MONEY) when it is no plain decimal or no ISO 4217 code. */
  static of(amount: string, currency: string): Money {
    if (!AMOUNT.test(amount) || !CURRENCY.test(currency)) {
      throw new DomainError(
        'INVALID_ARGUMENT',
        'INVALID_MONEY',
        'an amount is a plain decimal such as "0.0125" with a currency such as "EUR"',
      );
    }
    return new Money(new Big(amount), currency);
  }

  static zero(currency: string): Money {
    return Money.of('0', currency);
  }

  plus(other: Money): Money {
    return new Money(this.#value.plus(this.#same(other)), this.currency);
  }

  minus(other: Money): Money {
    return new Money(this.#value.minus(this.#same(other)), this.currency);
  }

  negated(): Money {
    return new Money(this.#value.times(-1), this.currency);
  }

  /** Exact product with a whole quantity (tokens, milliseconds, bytes). */
  times(quantity: bigint): Money {
    return new Money(this.#value.times(quantity.toString()), this.currency);
  }

  /** Exact quotient by a power of ten, for prices per 1,000 or 1,000,000 units. */
  perPowerOfTen(exponent: number): Money {
    return new Money(this.#value.times(new Big(`1e-${exponent}`)), this.currency);
  }

  compare(other: Money): -1 | 0 | 1 {
    return this.#value.cmp(this.#same(other));
  }

  isZero(): boolean {
    return this.#value.eq(0);
  }

  isNegative(): boolean {
    return this.#value.lt(0);
  }

  /** Half-up to the minor unit (two decimals), once, for an invoice line. */
  toMinorUnits(): Money {
    return new Money(this.#value.round(2, Big.roundHalfUp), this.currency);
  }

  /** The exact decimal, without exponent or trailing zeros. */
  toString(): string {
    return this.#value.toFixed();
  }

  toJSON(): { amount: string; currency: string } {
    return { amount: this.toString(), currency: this.currency };
  }

  #same(other: Money): Big {
    if (other.currency !== this.currency) {
      throw new DomainError('INTERNAL', 'CURRENCY_MISMATCH', `cannot combine ${this.currency} with ${other.currency}`);
    }
    return other.#value;
  }
}
