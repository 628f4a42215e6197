import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { TOPICS } from '@ostro/contracts';
import { type GrpcClient, grpcClient, type GrpcClientOptions } from '@ostro/grpc-host';
import { type Clock, systemClock } from '@ostro/kernel';
import { createTopics } from '@ostro/messaging';
import { provision } from '@ostro/persistence';
import {
  CertificateAuthority,
  loadAuthority,
  loadTlsIdentity,
  mintServiceIdentities,
  type TlsIdentity,
} from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { testKafka, testPostgres, type TestPostgres } from '@ostro/testing';
import pg from 'pg';
import { identity } from '../src/start-identity.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(60_000);

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const PASSWORD = 'identity-secret';

/** Who calls: a service of the cell, or somebody with no certificate at all. */
export type Caller = 'api' | 'operator' | 'scheduler' | 'gateway' | 'nobody' | TlsIdentity;
type Definition = Parameters<typeof grpcClient>[0];

interface Parts {
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly postgres: TestPostgres;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** One identity service on real servers, and the cell around it. It can be stopped and started again. */
export class RunningIdentity {
  readonly #closing: (() => void)[] = [];
  #running: Running | undefined;

  private constructor(private readonly parts: Parts) {}

  get authority(): CertificateAuthority {
    return this.parts.authority;
  }

  get brokers(): readonly string[] {
    return this.parts.brokers;
  }

  static async open({
    clock = systemClock,
    env = {},
  }: { clock?: Clock; env?: Record<string, string> } = {}): Promise<RunningIdentity> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-identity-'));
    await mintServiceIdentities(dir, ['identity', 'api', 'operator', 'scheduler', 'gateway'], { ...CELL, clock });
    const postgres = await testPostgres();
    const adminUrl = await postgres.createDatabase('identity');
    await provision(adminUrl, [{ schema: 'identity', role: 'identity', password: PASSWORD }]);
    const url = new URL(adminUrl);
    url.username = 'identity';
    url.password = PASSWORD;
    const { brokers } = testKafka();
    const { name, partitions } = TOPICS.apiKey;
    await createTopics({ brokers, clientId: 'test' }, [{ name, partitions, cleanupPolicy: 'compact' }]);
    const authority = await loadAuthority(join(dir, 'identity'), clock);
    const opened = new RunningIdentity({ dir, authority, databaseUrl: url.toString(), brokers, postgres, clock, env });
    try {
      await opened.start();
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async start(): Promise<void> {
    const tlsDir = join(this.parts.dir, 'identity');
    const config = identity.readConfig({
      OSTRO_TLS_DIR: tlsDir,
      OSTRO_CA_DIR: tlsDir,
      OSTRO_DATABASE_URL: this.parts.databaseUrl,
      OSTRO_KAFKA_BROKERS: this.brokers.join(','),
      OSTRO_LOG_LEVEL: 'error',
      OSTRO_TRUST_DOMAIN: CELL.trustDomain,
      OSTRO_CELL_ID: CELL.cellId,
      ...this.parts.env,
    });
    const context = openServiceContext({
      service: 'identity',
      version: 'test',
      settings: config.process,
      clock: this.parts.clock,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#running = await identity.start(config, context);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) close();
    await this.stop();
    await this.parts.postgres.drop();
    await rm(this.parts.dir, { recursive: true });
  }

  /** What the database holds, whatever the service says. */
  async query(statement: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.parts.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  async client<D extends Definition>(
    service: D,
    caller: Caller,
    listener: 'grpc' | 'enrolment' = 'grpc',
  ): Promise<GrpcClient<D>> {
    const client = grpcClient(service, {
      address: this.#running!.addresses[listener]!,
      identity: await this.#identityOf(caller),
      expectedService: 'identity',
    });
    this.#closing.push(() => client.close());
    return client;
  }

  async #identityOf(caller: Caller): Promise<GrpcClientOptions['identity']> {
    if (typeof caller !== 'string') return caller;
    if (caller === 'nobody') return { caPem: this.authority.certPem };
    return loadTlsIdentity(join(this.parts.dir, caller));
  }
}
