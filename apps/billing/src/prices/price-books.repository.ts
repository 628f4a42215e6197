import type { PriceBook, PriceVersion, SkuPrice } from '@ostro/rating';
import type { EntityManager } from 'typeorm';

interface VersionRow {
  readonly version: number;
  readonly effective_from: Date;
  readonly effective_to: Date | null;
  readonly prices: readonly SkuPrice[];
}

export interface StoredPriceBook extends PriceBook {
  /** Raised at each change. */
  readonly generation: bigint;
}

export class PriceBooksRepository {
  async find(tx: EntityManager, id: string): Promise<StoredPriceBook | undefined> {
    const [book]: { currency: string; generation: string }[] = await tx.query(
      'SELECT currency, generation FROM price_books WHERE id = $1',
      [id],
    );
    if (!book) return undefined;
    const rows: VersionRow[] = await tx.query(
      'SELECT * FROM price_versions WHERE price_book_id = $1 ORDER BY effective_from',
      [id],
    );
    return { id, currency: book.currency, generation: BigInt(book.generation), versions: rows.map(fromRow) };
  }

  /** One process at a time changes a book. */
  async lock(tx: EntityManager, id: string): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('ostro.billing.price_book'), hashtext($1))`, [id]);
  }

  async save(
    tx: EntityManager,
    book: StoredPriceBook,
    changes: { readonly added: readonly PriceVersion[]; readonly ended: readonly PriceVersion[] },
  ): Promise<void> {
    await tx.query(
      `INSERT INTO price_books (id, currency, generation) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET generation = excluded.generation`,
      [book.id, book.currency, book.generation.toString()],
    );
    for (const { version, effective } of changes.ended) {
      await tx.query('UPDATE price_versions SET effective_to = $3 WHERE price_book_id = $1 AND version = $2', [
        book.id,
        version,
        effective.to,
      ]);
    }
    for (const { version, effective, prices } of changes.added) {
      await tx.query(
        `INSERT INTO price_versions (price_book_id, version, effective_from, effective_to, prices)
         VALUES ($1, $2, $3, $4, $5)`,
        [book.id, version, effective.from, effective.to ?? null, JSON.stringify(prices)],
      );
    }
  }
}

function fromRow({ version, effective_from: from, effective_to: to, prices }: VersionRow): PriceVersion {
  return { version, effective: to ? { from, to } : { from }, prices };
}
