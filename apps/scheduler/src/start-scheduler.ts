import { readConfig } from '@ostro/config';
import { DESCRIPTOR_SET_BASE64, identityV1, METHOD_ACCESS, nodeV1, registryV1, schedulingV1 } from '@ostro/contracts';
import { grpcClient, startGrpcServer } from '@ostro/grpc-host';
import { KafkaEventBus, Outbox, OutboxRelay } from '@ostro/messaging';
import { runMigrations, TransactionRunner } from '@ostro/persistence';
import { loadIdentity } from '@ostro/pki';
import { observeOutbox, type Running, type Service, type ServiceContext } from '@ostro/service-host';
import { SCHEMA, schedulerDataSource } from './data-source.ts';
import { loadProfile } from './placement-profile.ts';
import { type SchedulerConfig, settings } from './scheduler.config.ts';
import { composeScheduler, type SchedulerGraph, SchedulerModule } from './scheduler.module.ts';
import { BackgroundLoop } from './signals/background-loop.ts';
import { DatabaseSignals } from './signals/database-signals.ts';

const TICK_MS = 1_000;
const COUNT_MS = 5_000;
const HOUR_MS = 3_600_000;

/** What should run where: deployments become replicas on nodes, and replicas become routes. */
export const scheduler: Service<SchedulerConfig> = {
  name: 'scheduler',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'scheduler', warn }),
  start,
};

/** What was opened is closed in reverse order, by `stop` or by the failure of a later step. */
async function start(config: SchedulerConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const { clock, logger, tracer } = context;
  const identity = await loadIdentity(config.tlsDir);
  const profile = await loadProfile(config.placementProfileFile);

  const dataSource = await schedulerDataSource(config.databaseUrl).initialize();
  opened.defer(() => dataSource.destroy());
  const migrations = await runMigrations(dataSource);
  if (migrations.length > 0) logger.info({ migrations }, 'the schema is up to date');

  const bus = new KafkaEventBus({ brokers: config.kafkaBrokers, clientId: context.incarnation });
  opened.defer(() => bus.close());
  const relay = new OutboxRelay({ url: config.databaseUrl, schema: SCHEMA, bus, ...observeOutbox(context) });
  relay.start();
  opened.defer(() => relay.stop());

  const registryClient = grpcClient(registryV1.ModelServiceService, {
    address: config.registryAddress,
    identity,
    expectedService: 'registry',
  });
  opened.defer(() => registryClient.close());
  const identityClient = grpcClient(identityV1.NodeEnrolmentServiceService, {
    address: config.identityAddress,
    identity,
    expectedService: 'identity',
  });
  opened.defer(() => identityClient.close());

  const graph = composeScheduler({
    config,
    transactions: new TransactionRunner(dataSource),
    outbox: new Outbox(),
    identity,
    profile,
    registryClient,
    identityClient,
    context,
  });
  await graph.restoreDemand();
  const server = await startGrpcServer(SchedulerModule.of(graph), {
    access: METHOD_ACCESS,
    identity,
    logger,
    tracer,
    clock,
    bind: config.grpcBind,
    services: [
      schedulingV1.DeploymentServiceService,
      schedulingV1.EndpointServiceService,
      schedulingV1.NodeServiceService,
      schedulingV1.ActivationServiceService,
      nodeV1.NodeControlServiceService,
    ],
    descriptorSet: Buffer.from(DESCRIPTOR_SET_BASE64.join(''), 'base64'),
  });
  opened.defer(() => server.close());
  // Before the server waits for calls to end: streams of agents never end by themselves.
  opened.defer(() => graph.sessions.stop());
  startLoops(config, graph, context, opened);

  const running = opened.move();
  return {
    addresses: { grpc: `${config.grpcBind.host}:${server.port}` },
    ready: async () => void (await dataSource.query('SELECT 1')),
    stop: () => running.disposeAsync(),
  };
}

/** Work that goes on by itself: notified of changes where possible, and looking anyway each second. */
function startLoops(
  { databaseUrl }: SchedulerConfig,
  { reconciler, deadNodes, records, metrics, retention, sessions, transactions }: SchedulerGraph,
  { logger }: ServiceContext,
  opened: AsyncDisposableStack,
): void {
  const loop = (what: string, everyMs: number, work: () => Promise<unknown>) => {
    const started = new BackgroundLoop(work, { everyMs, onError: (err) => logger.warn({ err }, what) });
    started.start();
    opened.defer(() => started.stop());
    return started;
  };
  const reconciling = loop('deployments could not be claimed', TICK_MS, () => reconciler.tick());
  loop('silent nodes could not be looked for', TICK_MS, () => deadNodes.tick());
  loop('no beat could be written; views of routes grow old until one can', TICK_MS, () =>
    transactions.run((tx) => records.appendBeats(tx)),
  );
  loop('replicas could not be counted', COUNT_MS, () => metrics.countReplicas());
  loop('old rows could not be removed', HOUR_MS, () => retention.tick());
  const signals = new DatabaseSignals(databaseUrl, {
    onDue: () => reconciling.wake(),
    onNode: (nodeId) => sessions.wake(nodeId),
    onError: (err) => logger.warn({ err }, 'changes are found a second later until the database can be heard again'),
  });
  signals.start();
  opened.defer(() => signals.stop());
}
