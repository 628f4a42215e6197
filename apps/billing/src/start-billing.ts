import { readConfig } from '@ostro/config';
import { billingV1, DESCRIPTOR_SET_BASE64, METHOD_ACCESS } from '@ostro/contracts';
import { startGrpcServer } from '@ostro/grpc-host';
import { KafkaEventBus, OutboxRelay, pruneInbox } from '@ostro/messaging';
import { runMigrations } from '@ostro/persistence';
import { loadIdentity } from '@ostro/pki';
import type { PriceBook } from '@ostro/rating';
import { observeOutbox, type Running, type Service, type ServiceContext } from '@ostro/service-host';
import { type BillingConfig, settings } from './billing.config.ts';
import { type BillingGraph, BillingModule, composeBilling } from './billing.module.ts';
import { billingDataSource } from './data-source.ts';
import { HeldRequest } from './domain/held-request.ts';
import { readPriceBook } from './prices/price-book-file.ts';
import { Repeating } from './repeating.ts';

const BEAT_MS = 1_000;
const HOUSEKEEPING_MS = 3_600_000;
/** Usage topics keep a week; a mark must outlive its record. */
const INBOX_KEPT_MS = 8 * 24 * 3_600_000;

/** What usage costs: prices, charges, the ledger and draft invoices. */
export const billing: Service<BillingConfig> = {
  name: 'billing',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'billing', warn }),
  start,
};

/** What was opened is closed in reverse order, by `stop` or by the failure of a later step. */
async function start(config: BillingConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const { clock, logger, tracer } = context;
  const priceBook = await readPriceBook(config.priceBookFile);
  const identity = await loadIdentity(config.tlsDir);

  const database = await billingDataSource(config.databaseUrl).initialize();
  opened.defer(() => database.destroy());
  const migrations = await runMigrations(database);
  if (migrations.length > 0) logger.info({ migrations }, 'the schema is up to date');

  const bus = new KafkaEventBus({ brokers: config.kafkaBrokers, clientId: context.incarnation });
  opened.defer(() => bus.close());
  const relay = new OutboxRelay({ url: config.databaseUrl, schema: 'billing', bus, ...observeOutbox(context) });
  relay.start();
  opened.defer(() => relay.stop());

  const graph = composeBilling({ cellId: config.process.cellId, database, bus, identity, priceBook, context });
  await prepare(graph, priceBook, context);
  for (const work of repeatingWork(graph, config, context)) {
    work.start();
    opened.defer(() => work.stop());
  }
  graph.usage.start(config.consumerGroup, (cause) =>
    context.onFatal(new Error('usage can no longer be consumed', { cause })),
  );
  opened.defer(() => graph.usage.stop());

  const server = await startGrpcServer(BillingModule.of(graph), {
    bind: config.grpcBind,
    services: [billingV1.BillingServiceService],
    access: METHOD_ACCESS,
    descriptorSet: Buffer.from(DESCRIPTOR_SET_BASE64.join(''), 'base64'),
    identity,
    logger,
    tracer,
    clock,
  });
  opened.defer(() => server.close());

  const running = opened.move();
  return {
    addresses: { grpc: `${config.grpcBind.host}:${server.port}` },
    ready: async () => void (await database.query('SELECT 1')),
    stop: () => running.disposeAsync(),
  };
}

/** What must hold before the first record is consumed. */
async function prepare(graph: BillingGraph, priceBook: PriceBook, { clock }: ServiceContext): Promise<void> {
  const { transactions, charges, prices, settlements } = graph;
  await transactions.run(async (tx) => {
    await charges.makePartitions(tx, clock.now());
    const isNew = await prices.publish(tx, priceBook);
    // What could not be priced may be able to now.
    if (isNew) await settlements.reviewAgain(tx, clock.now());
  });
}

function repeatingWork(graph: BillingGraph, config: BillingConfig, { clock, logger }: ServiceContext): Repeating[] {
  const { transactions, sweeper, records, charges, settlements } = graph;
  const every = (intervalMs: number, failure: string, turn: () => Promise<unknown>) =>
    new Repeating(async () => void (await turn()), { intervalMs, onError: (err) => logger.warn({ err }, failure) });
  return [
    every(config.sweepIntervalMs, 'overdue requests could not be settled and wait for the next turn', () =>
      sweeper.sweep(),
    ),
    every(BEAT_MS, 'no beat could be written; views of prices grow old until one can', () =>
      transactions.run((tx) => records.appendBeats(tx)),
    ),
    every(HOUSEKEEPING_MS, 'housekeeping failed and is tried again', () =>
      transactions.run(async (tx) => {
        await charges.makePartitions(tx, clock.now());
        await settlements.pruneWitnesses(tx, HeldRequest.oldest(clock.now()));
        await pruneInbox(tx, new Date(clock.now().getTime() - INBOX_KEPT_MS));
      }),
    ),
  ];
}
