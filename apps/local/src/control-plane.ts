import { api } from '@ostro/api';
import { billing } from '@ostro/billing';
import { identity } from '@ostro/identity';
import { DomainError } from '@ostro/kernel';
import { registry } from '@ostro/registry';
import { scheduler } from '@ostro/scheduler';
import {
  openServiceContext,
  type OwnedServiceContext,
  type ProcessSettings,
  type Running,
  type Service,
} from '@ostro/service-host';
import { type MetricsServer, startMetricsServer } from '@ostro/telemetry';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Cell } from './cell.ts';
import { CELL_ID, TRUST_DOMAIN } from './cell.ts';
import type { LocalOptions } from './local.config.ts';

export interface ControlPlane {
  /** Where each service answers, by service and purpose. */
  readonly addresses: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly metricsAddress: string;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly options: LocalOptions;
  readonly cell: Cell;
  readonly brokers: readonly string[];
  readonly packagedModelDir: string;
  readonly gatewayUrl: string;
  readonly onFatal: (error: Error) => void;
  /** All services' log lines; each names its service. */
  readonly logTo: Writable;
}

/** Settings every hosted service shares; each gets them as the environment its own process would have. */
function sharedEnv({ options, brokers }: ControlPlaneOptions): Record<string, string> {
  return {
    OSTRO_CELL_ID: CELL_ID,
    OSTRO_TRUST_DOMAIN: TRUST_DOMAIN,
    OSTRO_GRPC_BIND: '127.0.0.1:0',
    OSTRO_KAFKA_BROKERS: brokers.join(','),
    OSTRO_LOG_LEVEL: 'info',
    ...(options.otlpEndpoint !== undefined && { OSTRO_OTLP_ENDPOINT: options.otlpEndpoint }),
  };
}

/**
 * Hosts the control services and the management API in this process. They speak gRPC over mTLS and Kafka with each
 * other as they would on five machines: nothing is called directly.
 */
export async function startControlPlane(setup: ControlPlaneOptions): Promise<ControlPlane> {
  const host = new Host(setup);
  try {
    return await startServices(host, setup);
  } catch (error) {
    await host.stop();
    throw error;
  }
}

async function startServices(host: Host, setup: ControlPlaneOptions): Promise<ControlPlane> {
  const { cell, options } = setup;
  const [identityAt, registryAt, billingAt] = await Promise.all([
    host.start(identity, {
      OSTRO_DATABASE_URL: cell.databaseUrls.identity,
      OSTRO_CA_DIR: cell.tlsDir('identity'),
      OSTRO_ENROLMENT_BIND: '127.0.0.1:0',
    }),
    host.start(registry, {
      OSTRO_DATABASE_URL: cell.databaseUrls.registry,
      OSTRO_BLOB_BIND: '127.0.0.1:0',
      OSTRO_BLOB_DIR: join(options.dataDir, 'blobs'),
      OSTRO_PACKAGED_MODEL_DIR: setup.packagedModelDir,
    }),
    host.start(billing, { OSTRO_DATABASE_URL: cell.databaseUrls.billing }),
  ]);
  const blobUrl = `https://${registryAt['blobs']}`;
  const schedulerAt = await host.start(scheduler, {
    OSTRO_DATABASE_URL: cell.databaseUrls.scheduler,
    OSTRO_REGISTRY_ADDRESS: grpcOf(registryAt),
    OSTRO_IDENTITY_ADDRESS: grpcOf(identityAt),
    OSTRO_REGISTRY_BLOB_URL: blobUrl,
  });
  const apiAt = await host.start(api, {
    OSTRO_HTTP_BIND: `127.0.0.1:${options.apiPort}`,
    OSTRO_IDENTITY_ADDRESS: grpcOf(identityAt),
    OSTRO_REGISTRY_ADDRESS: grpcOf(registryAt),
    OSTRO_SCHEDULER_ADDRESS: grpcOf(schedulerAt),
    OSTRO_BILLING_ADDRESS: grpcOf(billingAt),
    OSTRO_REGISTRY_BLOB_URL: blobUrl,
    OSTRO_GATEWAY_URL: setup.gatewayUrl,
  });
  const metrics = await host.serveMetrics(options.metricsPort);
  return {
    addresses: { identity: identityAt, registry: registryAt, billing: billingAt, scheduler: schedulerAt, api: apiAt },
    metricsAddress: `127.0.0.1:${metrics.port}`,
    stop: () => host.stop(),
  };
}

function grpcOf(addresses: Readonly<Record<string, string>>): string {
  const address = addresses['grpc'];
  if (address === undefined)
    throw new DomainError('INTERNAL', 'NO_ADDRESS', 'a service started without a gRPC address');
  return address;
}

interface Hosted {
  readonly context: OwnedServiceContext;
  readonly running: Running;
}

/** Starts services under their own names in one process and stops them in reverse. */
class Host {
  readonly #setup: ControlPlaneOptions;
  readonly #hosted: Hosted[] = [];
  #metrics: MetricsServer | undefined;

  constructor(setup: ControlPlaneOptions) {
    this.#setup = setup;
  }

  async start<C extends { readonly process: ProcessSettings }>(
    service: Service<C>,
    env: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const { cell, onFatal, logTo } = this.#setup;
    const config = service.readConfig({
      ...sharedEnv(this.#setup),
      OSTRO_TLS_DIR: cell.tlsDir(service.name),
      ...env,
    });
    const context = openServiceContext({
      service: service.name,
      version: '0.1.0',
      settings: config.process,
      onFatal,
      logTo,
    });
    const running = await service.start(config, context);
    this.#hosted.push({ context, running });
    return running.addresses;
  }

  async serveMetrics(port: number): Promise<MetricsServer> {
    this.#metrics = await startMetricsServer({
      host: '127.0.0.1',
      port,
      registries: this.#hosted.map(({ context }) => context.metrics.registry),
      readiness: {
        services: async () => void (await Promise.all(this.#hosted.map(({ running }) => running.ready?.()))),
      },
    });
    return this.#metrics;
  }

  async stop(): Promise<void> {
    await this.#metrics?.close();
    for (const { context, running } of this.#hosted.reverse()) {
      await running.stop();
      await context.close();
    }
  }
}
