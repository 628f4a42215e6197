import { type Interval, Money } from '@ostro/kernel';
import type { Meter } from './price-book.ts';
import type { RatedLine } from './rate.ts';

/** A charge as an invoice sees it. A reversal has negative quantities and amounts. */
export interface InvoiceCharge {
  readonly projectId: string;
  readonly model: string;
  readonly lines: readonly Pick<RatedLine, 'meter' | 'quantity' | 'amount'>[];
}

export interface InvoiceLine {
  readonly projectId: string;
  readonly model: string;
  readonly meter: Meter;
  readonly quantity: bigint;
  /** The exact sum of what was charged. */
  readonly exactAmount: Money;
  /** Half-up to the minor unit: the only rounding there is, once per line. */
  readonly amount: Money;
}

export interface DraftInvoice {
  readonly state: 'draft';
  readonly organizationId: string;
  readonly period: Interval;
  readonly lines: readonly InvoiceLine[];
  /** The sum of the lines as they are printed. */
  readonly total: Money;
}

/** One line per project, model and meter, in that order. The order of the charges does not matter. */
export function invoiceLines(charges: readonly InvoiceCharge[]): InvoiceLine[] {
  const groups = new Map<string, Omit<InvoiceLine, 'amount'>>();
  for (const { projectId, model, lines } of charges) {
    for (const { meter, quantity, amount } of lines) {
      const key = JSON.stringify([projectId, model, meter]);
      const sum = groups.get(key) ?? { quantity: 0n, exactAmount: Money.zero(amount.currency) };
      const exactAmount = sum.exactAmount.plus(amount);
      groups.set(key, { projectId, model, meter, quantity: sum.quantity + quantity, exactAmount });
    }
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => ({ ...group, amount: group.exactAmount.toMinorUnits() }));
}

export function draftInvoice(input: {
  readonly organizationId: string;
  readonly period: Interval;
  readonly currency: string;
  readonly charges: readonly InvoiceCharge[];
}): DraftInvoice {
  const lines = invoiceLines(input.charges);
  const total = lines.reduce((sum, { amount }) => sum.plus(amount), Money.zero(input.currency));
  return { state: 'draft', organizationId: input.organizationId, period: input.period, lines, total };
}
