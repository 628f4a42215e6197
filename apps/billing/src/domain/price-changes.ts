import { DomainError } from '@ostro/kernel';
import type { PriceBook, PriceVersion } from '@ostro/rating';

export interface PriceChanges {
  readonly added: readonly PriceVersion[];
  /** Versions that were open and now have an end. */
  readonly ended: readonly PriceVersion[];
}

/**
 * What a price book as written adds to the one that is in force. Customers were promised what is stored, so all that
 * may happen to a stored version is that an open one is given its end.
 *
 * @throws DomainError FAILED_PRECONDITION (PRICE_VERSION_CHANGED, CURRENCY_CHANGED) saying what to write instead.
 */
export function priceChanges(stored: PriceBook | undefined, written: PriceBook): PriceChanges {
  if (stored && stored.currency !== written.currency) {
    throw refused(
      written,
      'CURRENCY_CHANGED',
      `its currency is ${stored.currency}: use another id for another currency`,
    );
  }
  const known = new Map(stored?.versions.map((version) => [version.version, version]));
  const added: PriceVersion[] = [];
  const ended: PriceVersion[] = [];
  for (const version of written.versions) {
    const before = known.get(version.version);
    known.delete(version.version);
    if (!before) added.push(version);
    else if (textOf(before) === textOf(version)) continue;
    else if (textOf({ ...before, effective: version.effective }) === textOf(version) && isEnded(before, version))
      ended.push(version);
    else throw changed(written, version.version, 'was changed');
  }
  for (const version of known.keys()) throw changed(written, version, 'is missing');
  return { added, ended };
}

function isEnded(before: PriceVersion, after: PriceVersion): boolean {
  return before.effective.to === undefined && before.effective.from.getTime() === after.effective.from.getTime();
}

function textOf({ version, effective, prices }: PriceVersion): string {
  const sorted = prices
    .map(({ sku, meter, unitPrice, pricingUnitExponent }) => [sku, meter, unitPrice, pricingUnitExponent].join(' '))
    .sort();
  return JSON.stringify([version, effective.from, effective.to ?? null, sorted]);
}

function changed(book: PriceBook, version: number, what: string): DomainError {
  const advice = `version ${version} ${what}, but it was published: restore it as it was, end it, and add a new version`;
  return refused(book, 'PRICE_VERSION_CHANGED', advice);
}

function refused(book: PriceBook, reason: string, message: string): DomainError {
  return new DomainError('FAILED_PRECONDITION', reason, `price book ${book.id}: ${message}`, {
    details: { price_book_id: book.id },
  });
}
