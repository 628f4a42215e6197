import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { billingV1, TOPICS } from '@ostro/contracts';
import { type GrpcClient, grpcClient } from '@ostro/grpc-host';
import { type Clock, type Id, randomIds, systemClock } from '@ostro/kernel';
import { createTopics, KafkaEventBus } from '@ostro/messaging';
import { provision } from '@ostro/persistence';
import { AccessTokens, loadIdentity, mintServiceIdentities } from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { testKafka, testPostgres, type TestPostgres } from '@ostro/testing';
import pg from 'pg';
import { billing } from '../src/start-billing.ts';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const PASSWORD = 'billing-secret';
const READS = ['billing.usage.read', 'billing.invoices.read', 'billing.prices.read'];

type BillingClient = GrpcClient<typeof billingV1.BillingServiceService>;

interface Parts {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly postgres: TestPostgres;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** Billing on real servers, and the cell around it. It can be stopped and started again, also several at once. */
export class RunningBilling {
  readonly bus: KafkaEventBus;
  readonly #closing: (() => void)[] = [];
  readonly #running: Running[] = [];

  private constructor(readonly parts: Parts) {
    this.bus = new KafkaEventBus({ brokers: parts.brokers, clientId: 'test-writer' });
  }

  static async open({
    clock = systemClock,
    env = {},
    isStarted = true,
  }: { clock?: Clock; env?: Record<string, string>; isStarted?: boolean } = {}): Promise<RunningBilling> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-billing-'));
    await mintServiceIdentities(dir, ['identity', 'billing', 'api'], { ...CELL, clock });
    const postgres = await testPostgres();
    const adminUrl = await postgres.createDatabase('billing');
    await provision(adminUrl, [{ schema: 'billing', role: 'billing', password: PASSWORD }]);
    const url = new URL(adminUrl);
    url.username = 'billing';
    url.password = PASSWORD;
    const { brokers, topicPrefix } = testKafka();
    const topics = [TOPICS.usageRequest, TOPICS.usageAttempt, TOPICS.usageSettled, TOPICS.priceBook];
    await createTopics(
      { brokers, clientId: 'test' },
      topics.map(({ name, partitions, cleanup, deadLetters }) => ({
        name,
        partitions,
        cleanupPolicy: cleanup,
        deadLetters,
      })),
    );
    const opened = new RunningBilling({
      dir,
      databaseUrl: url.toString(),
      brokers,
      postgres,
      clock,
      // Other suites run beside this one, on the same topics.
      env: { OSTRO_CONSUMER_GROUP: topicPrefix, ...env },
    });
    if (isStarted) await opened.start();
    return opened;
  }

  /** What the service reads at its start. */
  get environment(): Record<string, string> {
    return {
      OSTRO_TLS_DIR: join(this.parts.dir, 'billing'),
      OSTRO_DATABASE_URL: this.parts.databaseUrl,
      OSTRO_KAFKA_BROKERS: this.parts.brokers.join(','),
      OSTRO_LOG_LEVEL: 'error',
      OSTRO_SETTLEMENT_SWEEP_INTERVAL_MS: '50',
      ...this.parts.env,
    };
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const config = billing.readConfig({ ...this.environment, ...env });
    const context = openServiceContext({
      service: 'billing',
      version: 'test',
      settings: config.process,
      clock: this.parts.clock,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#running.push(await billing.start(config, context));
  }

  async stop(): Promise<void> {
    for (const running of this.#running.splice(0)) await running.stop();
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) close();
    await this.stop();
    await this.bus.close();
    await this.parts.postgres.drop();
    await rm(this.parts.dir, { recursive: true });
  }

  /** What the database holds, whatever the service says. */
  async query<R = Record<string, unknown>>(statement: string, values: unknown[] = []): Promise<R[]> {
    const client = new pg.Client({ connectionString: this.parts.databaseUrl });
    await client.connect();
    try {
      return (await client.query(statement, values)).rows as R[];
    } finally {
      await client.end();
    }
  }

  /** What the organization owes, as the projection says. */
  async owed(organizationId: string): Promise<string> {
    const [row] = await this.query<{ balance: string }>(
      `SELECT trim_scale(balance) AS balance FROM account_balances WHERE account = $1`,
      [`organization:${organizationId}:receivable`],
    );
    return row?.balance ?? '0';
  }

  /** The request's row. */
  async settlement(requestId: string): Promise<{ state: string; reason: string | null; revision: number } | undefined> {
    const [row] = await this.query<{ state: string; reason: string | null; revision: number }>(
      'SELECT state, reason, revision FROM request_settlements WHERE request_id = $1',
      [requestId],
    );
    return row;
  }

  /** Every offset up to the topics' ends is stored: what was published has had its effect. */
  async isCaughtUp(): Promise<boolean> {
    const stored = await this.query<{ topic: string; partition: number; next_offset: string }>(
      'SELECT topic, partition, next_offset FROM consumer_offsets',
    );
    for (const topic of [TOPICS.usageRequest.name, TOPICS.usageAttempt.name]) {
      for (const { partition, end } of await this.bus.partitions(topic)) {
        const row = stored.find((one) => one.topic === topic && one.partition === partition);
        if (end > 0n && BigInt(row?.next_offset ?? 0) < end) return false;
      }
    }
    return true;
  }

  /** The client of the management API. */
  async client(): Promise<BillingClient> {
    const client = grpcClient(billingV1.BillingServiceService, {
      address: this.#running[0]!.addresses['grpc']!,
      identity: await loadIdentity(join(this.parts.dir, 'api')),
      expectedService: 'billing',
    });
    this.#closing.push(() => client.close());
    return client;
  }

  /** Settings of a call on behalf of a member of the organization. */
  async as(
    organizationId: Id<'org'>,
    { permissions = READS, projectIds }: { permissions?: string[]; projectIds?: Id<'prj'>[] } = {},
  ): Promise<{ token: string }> {
    const tokens = new AccessTokens(await loadIdentity(join(this.parts.dir, 'identity')), this.parts.clock);
    const token = await tokens.issue({
      organizationId,
      principalId: randomIds('prn'),
      keyId: randomIds('key'),
      permissions,
      ...(projectIds && { projectIds }),
      ttlSeconds: 300,
    });
    return { token };
  }
}
