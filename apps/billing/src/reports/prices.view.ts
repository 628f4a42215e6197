import { currentEpoch } from '@ostro/persistence';
import type { DataSource } from 'typeorm';
import type { PriceBooks } from '../prices/price-books.ts';
import type { StoredPriceBook } from '../prices/price-books.repository.ts';

/** Price books as gateways get them. */
export class PricesView {
  constructor(
    private readonly database: DataSource,
    private readonly books: PriceBooks,
  ) {}

  /** An empty id is the default book. @throws DomainError NOT_FOUND (PRICE_BOOK_NOT_FOUND) */
  async book(id: string): Promise<StoredPriceBook & { readonly epoch: bigint }> {
    const book = await this.books.get(this.database.manager, id);
    return { ...book, epoch: await currentEpoch(this.database.manager) };
  }
}
