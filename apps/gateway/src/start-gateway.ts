import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityV1, schedulingV1 } from '@ostro/contracts';
import { grpcClient } from '@ostro/grpc-host';
import { KafkaEventBus } from '@ostro/messaging';
import { loadIdentity, RecordVerifier, type ServiceIdentity } from '@ostro/pki';
import type { Running, Service, ServiceContext } from '@ostro/service-host';
import { unavailable } from './domain/refusal.ts';
import { openViews, type Views } from './events/open-views.ts';
import { UsagePublisher } from './events/usage.publisher.ts';
import { type GatewayConfig, readGatewayConfig } from './gateway.config.ts';
import { composeGateway, type Gateway } from './gateway.module.ts';
import { NodeConnections } from './proxy/node-connections.ts';
import { QuarantineProbe } from './proxy/quarantine-probe.ts';
import { openUsage, type Usage } from './usage/open-usage.ts';
import { RevocationChannel } from './views/revocation-channel.ts';
import { RevocationFile } from './views/revocation-file.ts';

/** How long running answers may go on after a stop was asked for, and then the last usage may take to be published. */
const DRAIN_MS = 20_000;
const PUBLISH_MS = 4_000;
const RETRY_SECONDS = 5;

/** The OpenAI-compatible edge: authenticates, admits, routes, streams and meters from its own views and spool. */
export const gateway: Service<GatewayConfig> = { name: 'gateway', readConfig: readGatewayConfig, start };

/** What was opened is closed in reverse order, by `stop` or by the failure of a later step. */
async function start(config: GatewayConfig, context: ServiceContext): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const ours = await loadIdentity(config.tlsDir);
  const bus = openBus(config, context);
  opened.defer(() => bus.close());
  const views = openViews({ bus, ...viewOptions(config, context, ours) });
  const usage = await openUsageOf(config, context, views);
  opened.defer(() => usage.close());
  const connections = new NodeConnections({ identity: ours, idleMs: config.upstreamIdleMs });
  opened.defer(() => connections.close());

  const scheduler = grpcClient(schedulingV1.ActivationServiceService, {
    address: config.schedulerAddress,
    identity: ours,
    expectedService: 'scheduler',
  });
  opened.defer(() => scheduler.close());

  const heard = { ageMs: () => Infinity };
  const { server, running, keys, routes, activations } = composeGateway(config, context, {
    keys: views.keys,
    routes: views.routes,
    prices: views.prices,
    usage: usage.spool,
    connections,
    scheduler,
    tls: await publicTls(config),
    revocationAgeMs: () => heard.ageMs(),
  });
  opened.defer(() => activations.stop());
  const revocations = revocationChannel(config, context, { ours, keys, opened });
  heard.ageMs = () => revocations.ageMs();

  follow(views, { keys, routes, usage }, context);
  for (const view of Object.values(views)) {
    await view.start();
    opened.defer(() => view.stop());
  }
  await revocations.start();
  opened.defer(() => revocations.stop());
  const publisher = publisherOf(config, context, { bus, usage });
  publisher.start();
  opened.defer(() => publisher.stop(0));
  const probe = new QuarantineProbe({ routes, connections });
  probe.start();
  opened.defer(() => probe.stop());
  const http = await server.listen(config.httpBind);

  const resources = opened.move();
  const ready = readiness(views);
  return {
    addresses: { http },
    ready,
    stop: once(async () => {
      await drain({ server, running });
      usage.backlog.end(usage.spool.lastSequence);
      await publisher.stop(PUBLISH_MS);
      await resources.disposeAsync();
    }),
  };
}

function openBus({ kafkaBrokers }: GatewayConfig, { logger, incarnation }: ServiceContext): KafkaEventBus {
  return new KafkaEventBus({
    brokers: kafkaBrokers,
    clientId: incarnation,
    log: ({ level, message, fields }) => logger[level]({ kafka: fields }, message),
  });
}

function viewOptions({ dataDir }: GatewayConfig, { clock, logger, metrics }: ServiceContext, ours: ServiceIdentity) {
  const dropped = metrics.counter({
    name: 'ostro_gateway_view_records_dropped_total',
    help: 'Records that were not taken into a view.',
    labels: ['topic', 'reason'],
  });
  return {
    verifier: new RecordVerifier(ours.caPem),
    directory: join(dataDir, 'views'),
    clock,
    onDropped: (topic: string, reason: string) => dropped.inc({ topic, reason }),
    onError: (topic: string, error: unknown) => logger.warn({ topic, err: error }, 'a view goes on with what it has'),
  };
}

function openUsageOf(config: GatewayConfig, { incarnation, clock, logger }: ServiceContext, views: Views) {
  return openUsage({
    dir: join(config.dataDir, 'spool'),
    incarnation,
    maxBytes: config.spoolMaxBytes,
    clock,
    settledOf: (of) => views.settled.get(of) ?? 0n,
    onError: (error) => logger.error({ err: error }, 'the usage spool has a problem'),
  });
}

function revocationChannel(
  config: GatewayConfig,
  { clock, logger }: ServiceContext,
  parts: { ours: ServiceIdentity; keys: Gateway['keys']; opened: AsyncDisposableStack },
): RevocationChannel {
  const identity = grpcClient(identityV1.RevocationServiceService, {
    address: config.identityAddress,
    identity: parts.ours,
    expectedService: 'identity',
  });
  parts.opened.defer(() => identity.close());
  return new RevocationChannel({
    identity,
    file: new RevocationFile(join(config.dataDir, 'views', 'revocations.json')),
    table: parts.keys,
    clock,
    onError: (error) => logger.warn({ err: error }, 'identity cannot be heard: revocations come by Kafka alone'),
  });
}

function publisherOf(
  { process: { cellId } }: GatewayConfig,
  { clock, ids, logger }: ServiceContext,
  { bus, usage }: { bus: KafkaEventBus; usage: Usage },
): UsagePublisher {
  const onError = (error: unknown) => logger.warn({ err: error }, 'usage waits in the spool');
  return new UsagePublisher({ bus, source: usage.backlog, cellId, clock, ids, onError });
}

/** What changes in the views changes what the gateway does, from the snapshots on. */
function follow(
  views: Views,
  { keys, routes, usage }: Pick<Gateway, 'keys' | 'routes'> & { usage: Usage },
  { logger }: ServiceContext,
) {
  views.keys.onChange(({ value }) => keys.noticeCompromise(value));
  views.routes.onChange(({ key, value }) => routes.apply(key, value));
  views.settled.onChange(({ key, value = 0n }) => {
    usage.settle(key, value).catch((error: unknown) => logger.error({ err: error }, 'settled usage cannot be trimmed'));
  });
}

async function publicTls({ httpCertificateFile, httpKeyFile }: GatewayConfig) {
  if (httpCertificateFile === undefined || httpKeyFile === undefined) return undefined;
  const [cert, key] = await Promise.all([readFile(httpCertificateFile, 'utf8'), readFile(httpKeyFile, 'utf8')]);
  return { cert, key };
}

/** Before these views are read, a good request would be refused. */
function readiness({ keys, routes, prices }: Views): () => void {
  const needed = { keys, routes, prices };
  const waiting = new Set(Object.keys(needed));
  for (const [name, view] of Object.entries(needed)) void view.ready().then(() => waiting.delete(name));
  return () => {
    if (waiting.size > 0) throw new Error(`views are not read yet: ${[...waiting].join(', ')}`);
  };
}

/** Answers that run are finished, within bounds; the rest are told that they are cut off. */
async function drain({ server, running }: Pick<Gateway, 'server' | 'running'>): Promise<void> {
  server.stopListening();
  const timer = new AbortController();
  const late = delay(DRAIN_MS, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([running.idle(), late]);
  timer.abort();
  running.endAll(
    unavailable('gateway_stopping', 'This gateway stops. Nothing is billed; send the request again.', RETRY_SECONDS),
  );
  await running.idle();
  server.closeAll();
}

/** A second call waits for the first. */
function once(stop: () => Promise<void>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => (stopped ??= stop());
}
