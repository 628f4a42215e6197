import { readFile } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import { parsePriceBook, type PriceBook } from '@ostro/rating';
import { parse } from 'yaml';

/** @throws DomainError FAILED_PRECONDITION (PRICE_BOOK_UNREADABLE), INVALID_ARGUMENT (INVALID_PRICE_BOOK) */
export async function readPriceBook(file: string): Promise<PriceBook> {
  let document: unknown;
  try {
    document = parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const message = `the price book ${file} cannot be read as YAML; correct it or set OSTRO_PRICE_BOOK_FILE to another file`;
    throw new DomainError('FAILED_PRECONDITION', 'PRICE_BOOK_UNREADABLE', message, { cause, details: { file } });
  }
  return parsePriceBook(document);
}
