import { DomainError } from '@ostro/kernel';
import { type PriceBook, type ResolvedPrices, resolve } from '@ostro/rating';
import type { EntityManager } from 'typeorm';
import { priceChanges } from '../domain/price-changes.ts';
import type { Admission } from '../domain/usage-facts.ts';
import type { PriceBookRecords } from '../events/price-book-records.ts';
import type { PriceBooksRepository, StoredPriceBook } from './price-books.repository.ts';

const TIER = 'realtime';

/** Prices as they were published, and only those. */
export class PriceBooks {
  readonly #held = new Map<string, StoredPriceBook>();

  constructor(
    private readonly repository: PriceBooksRepository,
    private readonly records: PriceBookRecords,
    /** The book that counts where none is named. */
    readonly defaultId: string,
  ) {}

  /**
   * Stores what is new in a book as written and tells the gateways, each time it is called: it heals a topic that
   * lost its records. Answers whether anything was new.
   *
   * @throws DomainError FAILED_PRECONDITION (PRICE_VERSION_CHANGED, CURRENCY_CHANGED)
   */
  async publish(tx: EntityManager, written: PriceBook): Promise<boolean> {
    await this.repository.lock(tx, written.id);
    const stored = await this.repository.find(tx, written.id);
    const changes = priceChanges(stored, written);
    const isChanged = changes.added.length + changes.ended.length > 0;
    const generation = (stored?.generation ?? 0n) + (isChanged ? 1n : 0n);
    const book = { ...written, generation };
    if (isChanged) await this.repository.save(tx, book, changes);
    await this.records.append(tx, book);
    return isChanged;
  }

  /** @throws DomainError NOT_FOUND (PRICE_BOOK_NOT_FOUND) */
  async get(tx: EntityManager, id: string): Promise<StoredPriceBook> {
    const bookId = id === '' ? this.defaultId : id;
    const book = await this.repository.find(tx, bookId);
    if (book) return book;
    throw new DomainError('NOT_FOUND', 'PRICE_BOOK_NOT_FOUND', `there is no price book ${bookId}; check the id`, {
      details: { price_book_id: bookId },
    });
  }

  /**
   * The prices a request was admitted with.
   *
   * @throws DomainError NOT_FOUND (PRICE_BOOK_NOT_FOUND, PRICE_VERSION_NOT_FOUND, PRICE_NOT_FOUND)
   */
  async resolve(
    tx: EntityManager,
    { priceBookId, priceVersion, sku }: Pick<Admission, 'priceBookId' | 'priceVersion' | 'sku'>,
    requestedAt: Date,
  ): Promise<ResolvedPrices> {
    const models = sku === '' ? [] : [sku.replace(/\/realtime$/, '')];
    const when = priceVersion === 0 ? { at: requestedAt } : { pinnedVersion: priceVersion };
    const book = await this.#holding(tx, priceBookId, priceVersion);
    return resolve(book, { models, tier: TIER, when });
  }

  /** A version that is not held may be one that another process has just published. */
  async #holding(tx: EntityManager, id: string, version: number): Promise<StoredPriceBook> {
    const held = this.#held.get(id);
    if (held && (version === 0 || held.versions.some((one) => one.version === version))) return held;
    const book = await this.get(tx, id);
    this.#held.set(id, book);
    return book;
  }
}
