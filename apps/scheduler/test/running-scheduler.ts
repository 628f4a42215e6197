import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { identityV1, type nodeV1, registryV1, schedulingV1, TOPICS } from '@ostro/contracts';
import { type GrpcClient, grpcClient, type RunningGrpcServer } from '@ostro/grpc-host';
import { type Clock, type Id, randomIds, systemClock } from '@ostro/kernel';
import { createTopics, Outbox } from '@ostro/messaging';
import { provision, TransactionRunner } from '@ostro/persistence';
import {
  AccessTokens,
  createCsr,
  loadAuthority,
  loadIdentity,
  loadTlsIdentity,
  mintServiceIdentities,
  type TlsIdentity,
  tlsIdentity,
} from '@ostro/pki';
import { DEFAULT_PROFILE } from '@ostro/placement';
import { openServiceContext, type Running, type ServiceContext } from '@ostro/service-host';
import { testKafka, testPostgres, type TestPostgres } from '@ostro/testing';
import pg from 'pg';
import { schedulerDataSource } from '../src/data-source.ts';
import type { SchedulerConfig } from '../src/scheduler.config.ts';
import { composeScheduler, type SchedulerGraph } from '../src/scheduler.module.ts';
import { scheduler } from '../src/start-scheduler.ts';
import { Knowledge, startIdentity, startRegistry } from './neighbours.ts';
import { anInventory, ScriptedAgent } from './scripted-agent.ts';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const PASSWORD = 'scheduler-secret';
const DAY_MS = 24 * 3_600_000;
const PERMISSIONS = [
  'deployments.create',
  'deployments.read',
  'deployments.update',
  'deployments.delete',
  'endpoints.read',
  'logs.read',
  'nodes.read',
  'nodes.update',
].map((permission) => `scheduling.${permission}`);

jest.setTimeout(60_000);

type Definition = Parameters<typeof grpcClient>[0];

interface Parts {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly postgres: TestPostgres;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
  readonly registry: RunningGrpcServer;
  readonly identity: RunningGrpcServer;
}

/** One scheduler on real PostgreSQL and Kafka, and the cell around it. It can be stopped and started again. */
export class RunningScheduler {
  readonly knowledge: Knowledge;
  readonly organizationId = randomIds('org');
  readonly projectId = randomIds('prj');
  readonly #agents: ScriptedAgent[] = [];
  readonly #closing: (() => unknown)[] = [];
  readonly #running: Running[] = [];

  private constructor(
    private readonly parts: Parts,
    knowledge: Knowledge,
  ) {
    this.knowledge = knowledge;
  }

  static async open({
    clock = systemClock,
    env = {},
  }: { clock?: Clock; env?: Record<string, string> } = {}): Promise<RunningScheduler> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-scheduler-'));
    await mintServiceIdentities(dir, ['identity', 'registry', 'scheduler', 'api', 'gateway'], { ...CELL, clock });
    const postgres = await testPostgres();
    const adminUrl = await postgres.createDatabase('scheduler');
    await provision(adminUrl, [{ schema: 'scheduler', role: 'scheduler', password: PASSWORD }]);
    const url = new URL(adminUrl);
    url.username = 'scheduler';
    url.password = PASSWORD;
    const { brokers } = testKafka();
    await createTopics(
      { brokers, clientId: 'test' },
      [TOPICS.route, TOPICS.replica].map(({ name, partitions, cleanup, deadLetters }) => ({
        name,
        partitions,
        cleanupPolicy: cleanup,
        deadLetters,
      })),
    );
    const knowledge = new Knowledge();
    const registry = await startRegistry(await loadIdentity(join(dir, 'registry')), knowledge);
    const identity = await startIdentity(await loadIdentity(join(dir, 'identity')), knowledge);
    const databaseUrl = url.toString();
    const opened = new RunningScheduler(
      { dir, databaseUrl, brokers, postgres, clock, env, registry, identity },
      knowledge,
    );
    await opened.start();
    return opened;
  }

  /** Starts a process more of the same service. */
  async start(): Promise<void> {
    const { config, context } = this.#process(this.parts.clock);
    this.#running.push(await scheduler.start(config, context));
  }

  /** A process whose loops do not run: a test decides when its reconciler does what. */
  async unattended(clock: Clock): Promise<SchedulerGraph> {
    const { config, context } = this.#process(clock);
    const dataSource = await schedulerDataSource(this.databaseUrl).initialize();
    this.#closing.push(() => dataSource.destroy());
    const identity = await loadIdentity(config.tlsDir);
    const client = { address: config.registryAddress, identity, expectedService: 'registry' };
    const registryClient = grpcClient(registryV1.ModelServiceService, client);
    const identityClient = grpcClient(identityV1.NodeEnrolmentServiceService, client);
    this.#closing.push(() => registryClient.close());
    return composeScheduler({
      config,
      transactions: new TransactionRunner(dataSource),
      outbox: new Outbox(),
      identity,
      profile: DEFAULT_PROFILE,
      registryClient,
      identityClient,
      context,
    });
  }

  #process(clock: Clock): { config: SchedulerConfig; context: ServiceContext } {
    const { dir, databaseUrl, brokers, env, registry, identity } = this.parts;
    const config = scheduler.readConfig({
      OSTRO_TLS_DIR: join(dir, 'scheduler'),
      OSTRO_DATABASE_URL: databaseUrl,
      OSTRO_KAFKA_BROKERS: brokers.join(','),
      OSTRO_REGISTRY_ADDRESS: `127.0.0.1:${registry.port}`,
      OSTRO_IDENTITY_ADDRESS: `127.0.0.1:${identity.port}`,
      OSTRO_REGISTRY_BLOB_URL: 'https://127.0.0.1:9443',
      OSTRO_LOG_LEVEL: 'error',
      ...env,
    });
    const context = openServiceContext({
      service: 'scheduler',
      version: 'test',
      settings: config.process,
      clock,
      onFatal: (error) => {
        throw error;
      },
    });
    return { config, context };
  }

  async stop(): Promise<void> {
    for (const running of this.#running.splice(0)) await running.stop();
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.splice(0)) await agent.close();
    for (const close of this.#closing.splice(0)) await close();
    await this.stop();
    await this.parts.registry.close();
    await this.parts.identity.close();
    await this.parts.postgres.drop();
    await rm(this.parts.dir, { recursive: true });
  }

  get brokers(): readonly string[] {
    return this.parts.brokers;
  }

  get databaseUrl(): string {
    return this.parts.databaseUrl;
  }

  async caPem(): Promise<string> {
    return (await loadTlsIdentity(join(this.parts.dir, 'api'))).caPem;
  }

  /** What the database holds, whatever the service says. */
  async query(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** As the api calls it, or as another peer does. */
  async client<D extends Definition>(service: D, peer = 'api'): Promise<GrpcClient<D>> {
    const client = grpcClient(service, {
      address: this.#running[0]!.addresses['grpc']!,
      identity: await loadTlsIdentity(join(this.parts.dir, peer)),
      expectedService: 'scheduler',
    });
    this.#closing.push(() => client.close());
    return client;
  }

  /** Settings of a call on behalf of somebody of the organization. */
  async as({
    organizationId = this.organizationId,
    projectIds,
  }: { organizationId?: Id<'org'>; projectIds?: Id<'prj'>[] } = {}) {
    const tokens = new AccessTokens(await loadIdentity(join(this.parts.dir, 'identity')), this.parts.clock);
    const token = await tokens.issue({
      principalId: randomIds('prn'),
      organizationId,
      ...(projectIds && { projectIds }),
      permissions: [...PERMISSIONS, 'registry.models.read'],
      keyId: randomIds('key'),
      ttlSeconds: 300,
    });
    return { token };
  }

  /** An enrolled node with its agent, not yet connected. */
  async agent({
    inventory = anInventory(),
    site = {},
  }: { inventory?: nodeV1.Inventory; site?: Partial<identityV1.Site> } = {}): Promise<ScriptedAgent> {
    const nodeId = randomIds('nod');
    this.knowledge.nodes.set(nodeId, {
      organizationId: this.organizationId,
      nodeName: 'gpu',
      site: { siteId: 'lyon-1', country: 'FR', operator: 'Acme SA', certifications: ['iso27001'], ...site },
    });
    return this.reconnecting(nodeId, inventory);
  }

  /** Another agent process of a node that is enrolled. */
  async reconnecting(nodeId: string, inventory = anInventory()): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(
      nodeId,
      await this.#nodeIdentity(nodeId),
      this.#running[0]!.addresses['grpc']!,
      inventory,
    );
    this.#agents.push(agent);
    return agent;
  }

  async #nodeIdentity(nodeId: string): Promise<TlsIdentity> {
    const authority = await loadAuthority(join(this.parts.dir, 'identity'), systemClock);
    const { csrPem, keyPem } = await createCsr('node');
    const certPem = await authority.issueNode({ nodeId, siteId: 'lyon-1', csrPem, ttlMs: DAY_MS });
    return tlsIdentity({ caPem: authority.certPem, certPem, keyPem });
  }

  /** Publishes a model, unless it is known, and deploys it. */
  async deploy({
    name = `d-${randomUUID().slice(0, 8)}`,
    ...spec
  }: Partial<schedulingV1.DeploymentSpec> & { name?: string } = {}): Promise<schedulingV1.Deployment> {
    this.publishModel('tiny');
    const deployments = await this.client(schedulingV1.DeploymentServiceService);
    const { deployment } = await deployments.createDeployment(this.asking(name, spec), await this.as());
    return deployment!;
  }

  asking(name: string, spec: Partial<schedulingV1.DeploymentSpec> = {}): schedulingV1.CreateDeploymentRequest {
    return {
      requestId: randomUUID(),
      organizationId: this.organizationId,
      projectId: this.projectId,
      name,
      spec: schedulingV1.DeploymentSpec.fromPartial({
        model: 'tiny',
        runtime: schedulingV1.RuntimeKind.RUNTIME_KIND_SIMULATED,
        replicas: 1,
        ...spec,
      } as never),
    };
  }

  /** A model of so many billion weights of two bytes. */
  publishModel(name: string, billions = 1): registryV1.ModelRevision {
    const revision = registryV1.ModelRevision.fromPartial({
      digest: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`,
      modelId: randomIds('mdl'),
      organizationId: this.organizationId,
      modelName: name,
      format: registryV1.ModelFormat.MODEL_FORMAT_GGUF,
      manifest: { files: [{ path: 'model.gguf', sizeBytes: 1n, chunkSizeBytes: 2n ** 26n }] },
      facts: {
        architecture: 'llama',
        layers: 32,
        kvHeads: 8,
        headDimensionKey: 128,
        headDimensionValue: 128,
        embeddingLength: 4096,
        contextLength: 8192,
        weightBytes: BigInt(billions * 2e9),
        vocabularySize: 128_256,
        quantisation: 'BF16',
      },
    });
    this.knowledge.models.set(name, revision);
    return revision;
  }

  async show(deploymentId: string): Promise<schedulingV1.Deployment> {
    const deployments = await this.client(schedulingV1.DeploymentServiceService);
    const request = { organizationId: this.organizationId, projectId: '', deployment: deploymentId };
    return (await deployments.getDeployment(request, await this.as())).deployment!;
  }

  /** Newest first. */
  async replicas(deploymentId: string): Promise<schedulingV1.Replica[]> {
    const deployments = await this.client(schedulingV1.DeploymentServiceService);
    const request = { organizationId: this.organizationId, deploymentId, pageSize: 0, pageToken: '' };
    return (await deployments.listReplicas(request, await this.as())).replicas;
  }

  async update(deploymentId: string, spec: Partial<schedulingV1.DeploymentSpec>, updateMask: string[]) {
    const deployments = await this.client(schedulingV1.DeploymentServiceService);
    return deployments.updateDeployment(
      {
        organizationId: this.organizationId,
        deploymentId,
        spec: schedulingV1.DeploymentSpec.fromPartial(spec as never),
        updateMask,
        expectedGeneration: 0n,
      },
      await this.as(),
    );
  }
}
