import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { identity } from '../src/start-identity.ts';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const PASSWORD = 'identity-secret';

/** Who calls: a service of the cell, or somebody with no certificate at all. */
export type Caller = 'api' | 'operator' | 'scheduler' | 'gateway' | 'nobody' | TlsIdentity;
type Definition = Parameters<typeof grpcClient>[0];

/** One identity service on real servers, and the cell around it. It can be stopped and started again. */
export class RunningIdentity {
  readonly #closing: (() => void)[] = [];
  #running: Running | undefined;

  private constructor(
    readonly dir: string,
    readonly authority: CertificateAuthority,
    readonly databaseUrl: string,
    readonly brokers: readonly string[],
    private readonly postgres: TestPostgres,
    private readonly clock: Clock,
  ) {}

  static async open({ clock = systemClock }: { clock?: Clock } = {}): Promise<RunningIdentity> {
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
    const opened = new RunningIdentity(dir, authority, url.toString(), brokers, postgres, clock);
    await opened.start();
    return opened;
  }

  async start(overrides: Record<string, string> = {}): Promise<void> {
    const tlsDir = join(this.dir, 'identity');
    const config = identity.readConfig({
      OSTRO_TLS_DIR: tlsDir,
      OSTRO_CA_DIR: tlsDir,
      OSTRO_DATABASE_URL: this.databaseUrl,
      OSTRO_KAFKA_BROKERS: this.brokers.join(','),
      OSTRO_LOG_LEVEL: 'error',
      ...overrides,
    });
    const context = openServiceContext({
      service: 'identity',
      version: 'test',
      settings: config.process,
      clock: this.clock,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#running = await identity.start(config, context);
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0)) close();
    await this.#running?.stop();
    this.#running = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.postgres.drop();
    await rm(this.dir, { recursive: true });
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
    return loadTlsIdentity(join(this.dir, caller));
  }
}
