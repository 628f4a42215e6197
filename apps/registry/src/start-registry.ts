import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '@ostro/config';
import { DESCRIPTOR_SET_BASE64, METHOD_ACCESS, registryV1 } from '@ostro/contracts';
import { startGrpcServer } from '@ostro/grpc-host';
import { KafkaEventBus, Outbox, OutboxRelay } from '@ostro/messaging';
import { runMigrations, TransactionRunner } from '@ostro/persistence';
import { loadIdentity } from '@ostro/pki';
import { observeOutbox, type Running, type Service, type ServiceContext } from '@ostro/service-host';
import { BlobServer } from './blobs/blob-server.ts';
import { Staging } from './blobs/staging.ts';
import { registryDataSource } from './data-source.ts';
import { Catalogue } from './models/catalogue.ts';
import { type RegistryConfig, settings } from './registry.config.ts';
import { composeRegistry, RegistryModule } from './registry.module.ts';
import { AddressGuard } from './sources/address-guard.ts';
import { GuardedHttp } from './sources/guarded-http.ts';

/** Models in, revisions out: weights by digest, and the names that point at them. */
export const registry: Service<RegistryConfig> = {
  name: 'registry',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'registry', warn }),
  start,
};

/** What was opened is closed in reverse order, by `stop` or by the failure of a later step. */
async function start(config: RegistryConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const { clock, logger, tracer } = context;
  const identity = await loadIdentity(config.tlsDir);

  const dataSource = await registryDataSource(config.databaseUrl).initialize();
  opened.defer(() => dataSource.destroy());
  const migrations = await runMigrations(dataSource);
  if (migrations.length > 0) logger.info({ migrations }, 'the schema is up to date');

  const bus = new KafkaEventBus({ brokers: config.kafkaBrokers, clientId: context.incarnation });
  opened.defer(() => bus.close());
  const relay = new OutboxRelay({ url: config.databaseUrl, schema: 'registry', bus, ...observeOutbox(context) });
  relay.start();
  opened.defer(() => relay.stop());

  const staging = await Staging.open(join(config.blobDir, 'staging'));
  opened.defer(() => staging.close());
  const http = await guardedHttp(config);
  opened.defer(() => http.close());
  const graph = composeRegistry({
    cellId: config.process.cellId,
    transactions: new TransactionRunner(dataSource),
    outbox: new Outbox(),
    identity,
    catalogue: await Catalogue.load(),
    blobDir: config.blobDir,
    staging,
    http,
    sources: config,
    importLeaseMs: config.importLeaseMs,
    context,
  });
  graph.reaper.start();
  opened.defer(() => graph.reaper.stop());
  graph.reconciler.start();
  opened.defer(() => graph.reconciler.stop());

  const blobs = await BlobServer.listen({ bind: config.blobBind, identity, routes: graph.routes, logger });
  opened.defer(() => blobs.close());
  const server = await startGrpcServer(RegistryModule.of(graph), {
    ...{ access: METHOD_ACCESS, identity, logger, tracer, clock },
    bind: config.grpcBind,
    services: [registryV1.ModelServiceService, registryV1.ImportServiceService],
    descriptorSet: Buffer.from(DESCRIPTOR_SET_BASE64.join(''), 'base64'),
  });
  opened.defer(() => server.close());
  opened.defer(() => graph.imports.stop());

  const running = opened.move();
  return {
    addresses: {
      grpc: `${config.grpcBind.host}:${server.port}`,
      blobs: `${config.blobBind.host}:${blobs.port}`,
    },
    ready: async () => void (await dataSource.query('SELECT 1')),
    stop: () => running.disposeAsync(),
  };
}

/** The operator's own mirror of Hugging Face may stand in a private network. */
async function guardedHttp({ importAllowedHosts, huggingFaceUrl, importCaFile }: RegistryConfig): Promise<GuardedHttp> {
  const guard = new AddressGuard([...importAllowedHosts, new URL(huggingFaceUrl).hostname]);
  return new GuardedHttp(guard, importCaFile === undefined ? undefined : await readFile(importCaFile, 'utf8'));
}
