import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityV1 } from '@ostro/contracts';
import { type EmbeddedKafka, type EmbeddedPostgres, reservePort, startKafka, startPostgres } from '@ostro/embedded';
import { grpcClient } from '@ostro/grpc-host';
import { type Cell, CELL_ID, prepareCell, TRUST_DOMAIN } from '@ostro/local';
import { eventually, testCacheDir } from '@ostro/testing';
import OpenAI from 'openai';
import { type App, FleetProcess } from './fleet-process.ts';
import { ManagementClient } from './management-client.ts';

export interface FleetOptions {
  /** Settings laid over those of an app, for a test that needs another limit. */
  readonly env?: Partial<Record<App, Readonly<Record<string, string>>>>;
}

export interface Tenant {
  readonly organizationId: string;
  readonly projectId: string;
  readonly ownerKey: string;
}

interface Ports {
  identity: number;
  enrolment: number;
  registry: number;
  blobs: number;
  scheduler: number;
  billing: number;
  api: number;
  gateway: number;
  agent: number;
  postgres: number;
  kafka: number;
}

/**
 * A whole cell in processes of their own, on a PostgreSQL and a Kafka of its own, so that a test may take any of them
 * away. Ports are chosen once and kept over restarts, as addresses are in production.
 */
export class Fleet {
  readonly dir: string;
  readonly ports: Ports;
  readonly processes = new Map<string, FleetProcess>();
  organizationId = '';
  projectId = '';
  ownerKey = '';
  #postgres: EmbeddedPostgres | undefined;
  #kafka: EmbeddedKafka | undefined;
  #cell: Cell | undefined;

  private constructor(dir: string, ports: Ports) {
    this.dir = dir;
    this.ports = ports;
  }

  static async start(options: FleetOptions = {}): Promise<Fleet> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-fleet-'));
    const fleet = new Fleet(dir, await choosePorts());
    try {
      await fleet.#bringUp(options);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.ports.gateway}`;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  get cell(): Cell {
    if (!this.#cell) throw new Error('the fleet has not started');
    return this.#cell;
  }

  /** Superuser URL of the fleet's database: for looking at what services stored, never for changing it. */
  get adminUrl(): string {
    if (!this.#postgres) throw new Error('PostgreSQL is not running');
    return this.#postgres.adminUrl;
  }

  get brokers(): readonly string[] {
    return [`127.0.0.1:${this.ports.kafka}`];
  }

  process(name: string): FleetProcess {
    const found = this.processes.get(name);
    if (!found) throw new Error(`no process ${name}; there are ${[...this.processes.keys()].join(', ')}`);
    return found;
  }

  /** The official client, as a customer uses it. */
  openai(apiKey = this.ownerKey, options: { maxRetries?: number } = {}): OpenAI {
    return new OpenAI({ baseURL: `${this.gatewayUrl}/v1`, apiKey, maxRetries: options.maxRetries ?? 0 });
  }

  management(apiKey = this.ownerKey): ManagementClient {
    return new ManagementClient(this.apiUrl, apiKey);
  }

  /** Imports a model by upload and serves it; resolves when the gateway answers for it. */
  async deploy(name: string, weights: Uint8Array, spec: Record<string, unknown> = {}): Promise<string> {
    const api = this.management();
    await api.importModel(name, weights);
    const { deployment_id: id } = await api.post<{ deployment_id: string }>('/v1/deployments', {
      name,
      spec: { model: name, replicas: 1, ...spec },
    });
    await this.isServed(name);
    return id;
  }

  async isServed(name: string): Promise<void> {
    await eventually(
      async () => {
        const models = await this.openai().models.list();
        if (!models.data.some(({ id }) => id === name)) throw new Error(`${name} is not listed yet`);
        const ready = await this.management().get<{ ready_replicas: number }>(`/v1/deployments/${name}`);
        if (ready.ready_replicas < 1) throw new Error(JSON.stringify(ready));
        await this.openai().completions.create({ model: name, prompt: 'a', max_tokens: 1 });
      },
      { withinMs: 60_000, everyMs: 100 },
    );
  }

  async stopPostgres(): Promise<void> {
    await this.#postgres?.stop();
    this.#postgres = undefined;
  }

  async startPostgres(): Promise<void> {
    this.#postgres = await startPostgres({ dataDir: join(this.dir, 'postgres'), port: this.ports.postgres });
  }

  async stopKafka(): Promise<void> {
    await this.#kafka?.stop();
    this.#kafka = undefined;
  }

  async startKafka(): Promise<void> {
    this.#kafka = await startKafka({
      dataDir: join(this.dir, 'kafka'),
      cacheDir: testCacheDir(),
      port: this.ports.kafka,
    });
  }

  async stop(): Promise<void> {
    // The agent first and in order, so that it ends its model servers.
    for (const process of [...this.processes.values()].reverse()) await process.kill('SIGTERM');
    await Promise.all([this.stopKafka(), this.stopPostgres()]);
    await rm(this.dir, { recursive: true, force: true });
  }

  async #bringUp({ env = {} }: FleetOptions): Promise<void> {
    await Promise.all([this.startPostgres(), this.startKafka()]);
    this.#cell = await prepareCell(this.dir, this.adminUrl, this.brokers);
    for (const [app, own] of Object.entries(this.#environments())) {
      this.processes.set(
        app,
        new FleetProcess({ app: app as App, dir: this.dir, env: { ...own, ...env[app as App] } }),
      );
    }
    const start = (...apps: App[]) => Promise.all(apps.map((app) => this.process(app).start()));
    await start('identity', 'registry', 'billing');
    await start('scheduler', 'gateway');
    const acme = await this.foundOrganization('acme');
    Object.assign(this, acme);
    await this.#prepareNode(acme);
    await start('api', 'node-agent');
  }

  /** An organization with its first project and an owner's key, made with the operator's certificate. */
  async foundOrganization(name: string): Promise<Tenant> {
    return this.#asOperator(async (identity) => {
      const founded = await identity.organizations.createOrganization({ requestId: name, name, ownerName: 'ada' });
      const organizationId = founded.organization!.organizationId;
      const projectId = founded.defaultProject!.projectId;
      const { accessToken: token } = await identity.tokens.issueOperatorToken({ organizationId });
      const key = await identity.keys.createApiKey(
        {
          requestId: randomUUID(),
          organizationId,
          projectId,
          principalId: founded.owner!.principalId,
          name: 'owner',
          scopes: ['inference', 'manage:*'],
          allowedModels: ['*'],
          ttlSeconds: 0n,
        },
        { token },
      );
      return { organizationId, projectId, ownerKey: key.secret };
    });
  }

  /** What a machine needs to enrol: the cell's authority and a token that works once. */
  async #prepareNode({ organizationId }: Tenant): Promise<void> {
    const joinToken = await this.#asOperator(async (identity) => {
      const { accessToken: token } = await identity.tokens.issueOperatorToken({ organizationId });
      const site = { siteId: 'lab', country: 'FR', operator: 'acme', certifications: ['iso27001'] };
      return (await identity.nodes.createJoinToken({ organizationId, site, ttlSeconds: 900n }, { token })).joinToken;
    });
    await mkdir(join(this.dir, 'node-agent'), { recursive: true });
    await writeFile(join(this.dir, 'join-token'), joinToken, { mode: 0o600 });
    await writeFile(join(this.dir, 'cell-ca.pem'), this.cell.operator.caPem);
  }

  async #asOperator<T>(work: (identity: IdentityClients) => Promise<T>): Promise<T> {
    const clients = identityClients(`127.0.0.1:${this.ports.identity}`, this.cell);
    try {
      return await work(clients);
    } finally {
      for (const client of Object.values(clients)) client.close();
    }
  }

  /** What each process is told: the same variables as in production. */
  #environments(): Record<App, Record<string, string>> {
    const { ports, cell, dir } = this;
    const at = (port: number) => `127.0.0.1:${port}`;
    const common = {
      OSTRO_CELL_ID: CELL_ID,
      OSTRO_TRUST_DOMAIN: TRUST_DOMAIN,
      OSTRO_KAFKA_BROKERS: this.brokers.join(','),
      OSTRO_METRICS_BIND: at(0),
    };
    const own = (service: string, grpcPort?: number) => ({
      ...common,
      OSTRO_TLS_DIR: cell.tlsDir(service),
      ...(grpcPort !== undefined && { OSTRO_GRPC_BIND: at(grpcPort) }),
    });
    const blobUrl = `https://${at(ports.blobs)}`;
    return {
      identity: {
        ...own('identity', ports.identity),
        OSTRO_DATABASE_URL: cell.databaseUrls.identity,
        OSTRO_CA_DIR: cell.tlsDir('identity'),
        OSTRO_ENROLMENT_BIND: at(ports.enrolment),
      },
      registry: {
        ...own('registry', ports.registry),
        OSTRO_DATABASE_URL: cell.databaseUrls.registry,
        OSTRO_BLOB_BIND: at(ports.blobs),
        OSTRO_BLOB_DIR: join(dir, 'blobs'),
        OSTRO_PACKAGED_MODEL_DIR: join(testCacheDir(), 'models'),
      },
      billing: { ...own('billing', ports.billing), OSTRO_DATABASE_URL: cell.databaseUrls.billing },
      scheduler: {
        ...own('scheduler', ports.scheduler),
        OSTRO_DATABASE_URL: cell.databaseUrls.scheduler,
        OSTRO_REGISTRY_ADDRESS: at(ports.registry),
        OSTRO_IDENTITY_ADDRESS: at(ports.identity),
        OSTRO_REGISTRY_BLOB_URL: blobUrl,
      },
      gateway: {
        ...own('gateway'),
        OSTRO_HTTP_BIND: at(ports.gateway),
        OSTRO_IDENTITY_ADDRESS: at(ports.identity),
        OSTRO_SCHEDULER_ADDRESS: at(ports.scheduler),
        OSTRO_DATA_DIR: join(dir, 'gateway'),
      },
      api: {
        ...own('api'),
        OSTRO_HTTP_BIND: at(ports.api),
        OSTRO_IDENTITY_ADDRESS: at(ports.identity),
        OSTRO_REGISTRY_ADDRESS: at(ports.registry),
        OSTRO_SCHEDULER_ADDRESS: at(ports.scheduler),
        OSTRO_BILLING_ADDRESS: at(ports.billing),
        OSTRO_REGISTRY_BLOB_URL: blobUrl,
        OSTRO_GATEWAY_URL: this.gatewayUrl,
      },
      'node-agent': {
        ...common,
        OSTRO_NODE_NAME: 'lab-1',
        OSTRO_DATA_DIR: join(dir, 'node-agent'),
        OSTRO_STOP_MODEL_SERVERS: 'true',
        OSTRO_CA_FILE: join(dir, 'cell-ca.pem'),
        OSTRO_JOIN_TOKEN_FILE: join(dir, 'join-token'),
        OSTRO_IDENTITY_ADDRESS: at(ports.identity),
        OSTRO_IDENTITY_ENROLMENT_ADDRESS: at(ports.enrolment),
        OSTRO_SCHEDULER_ADDRESS: at(ports.scheduler),
        OSTRO_DATA_PLANE_BIND: at(ports.agent),
      },
    };
  }
}

function identityClients(address: string, cell: Cell) {
  const connection = {
    address,
    identity: cell.operator,
    expectedService: 'identity',
    defaultDeadlineMs: 20_000,
  };
  return {
    organizations: grpcClient(identityV1.OrganizationServiceService, connection),
    tokens: grpcClient(identityV1.TokenServiceService, connection),
    keys: grpcClient(identityV1.ApiKeyServiceService, connection),
    nodes: grpcClient(identityV1.NodeEnrolmentServiceService, connection),
  };
}

type IdentityClients = ReturnType<typeof identityClients>;

async function choosePorts(): Promise<Ports> {
  const names = [
    'identity',
    'enrolment',
    'registry',
    'blobs',
    'scheduler',
    'billing',
    'api',
    'gateway',
    'agent',
    'postgres',
    'kafka',
  ] as const;
  const chosen = await Promise.all(names.map(async (name) => [name, await reservePort(0, name)] as const));
  return Object.fromEntries(chosen) as unknown as Ports;
}
