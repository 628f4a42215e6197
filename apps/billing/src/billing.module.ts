import { type DynamicModule, Module } from '@nestjs/common';
import { type EventBus, Outbox } from '@ostro/messaging';
import { TransactionRunner } from '@ostro/persistence';
import { RecordSigner, type ServiceIdentity } from '@ostro/pki';
import type { PriceBook } from '@ostro/rating';
import type { ServiceContext } from '@ostro/service-host';
import type { DataSource } from 'typeorm';
import { Cell } from './cell.ts';
import { PositionsRepository } from './consumption/positions.repository.ts';
import { SettlementSweeper } from './consumption/settlement-sweeper.ts';
import { SettlementService } from './consumption/settlement.service.ts';
import { SettlementsRepository } from './consumption/settlements.repository.ts';
import { UsageReviewRepository } from './consumption/usage-review.repository.ts';
import { PriceBookRecords } from './events/price-book-records.ts';
import { SettledRecords } from './events/settled-records.ts';
import { UsageConsumer } from './events/usage.consumer.ts';
import { ChargesRepository } from './ledger/charges.repository.ts';
import { LedgerRepository } from './ledger/ledger.repository.ts';
import { Ledger } from './ledger/ledger.ts';
import { PriceBooks } from './prices/price-books.ts';
import { PriceBooksRepository } from './prices/price-books.repository.ts';
import { BalanceView } from './reports/balance.view.ts';
import { BillingGrpc } from './reports/billing.grpc.ts';
import { ChargesView } from './reports/charges.view.ts';
import { InvoiceView } from './reports/invoice.view.ts';
import { PricesView } from './reports/prices.view.ts';
import { UsageView } from './reports/usage.view.ts';

/** What billing is built on: everything that was opened and must be closed again is in here, and nothing else. */
export interface BillingParts {
  readonly cellId: string;
  readonly database: DataSource;
  readonly bus: EventBus;
  readonly identity: Pick<ServiceIdentity, 'signer'>;
  /** The book as the operator wrote it; its id is the default. */
  readonly priceBook: PriceBook;
  readonly context: Pick<ServiceContext, 'clock' | 'ids' | 'tracer'>;
}

/** The whole graph of objects, made in one place and checked by the compiler. */
export function composeBilling({ cellId, database, bus, identity, priceBook, context }: BillingParts) {
  const transactions = new TransactionRunner(database);
  const outbox = new Outbox();
  const records = new PriceBookRecords(outbox, new RecordSigner(identity.signer), cellId, context);
  const prices = new PriceBooks(new PriceBooksRepository(), records, priceBook.id);
  const charges = new ChargesRepository();
  const ledger = new Ledger(charges, new LedgerRepository(), context);
  const positions = new PositionsRepository();
  const review = new UsageReviewRepository();
  const settlements = new SettlementsRepository();
  const settlement = new SettlementService(settlements, positions, review, prices, ledger, context);
  const settled = new SettledRecords(outbox, cellId, context);
  return {
    transactions,
    records,
    prices,
    charges,
    settlements,
    usage: new UsageConsumer(bus, transactions, { settlement, positions, review, settled }, context),
    sweeper: new SettlementSweeper(transactions, settlement),
    views: [
      new Cell(cellId, context.clock),
      new ChargesView(database),
      new UsageView(database),
      new InvoiceView(database),
      new BalanceView(database, priceBook.currency),
      new PricesView(database, prices),
    ],
  };
}

export type BillingGraph = ReturnType<typeof composeBilling>;

/** The gRPC side: answers from views. */
@Module({})
export class BillingModule {
  static of({ views }: BillingGraph): DynamicModule {
    return {
      module: BillingModule,
      controllers: [BillingGrpc],
      providers: views.map((view) => ({ provide: view.constructor, useValue: view })),
    };
  }
}
