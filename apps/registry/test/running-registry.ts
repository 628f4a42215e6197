import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryV1, TOPICS } from '@ostro/contracts';
import { type GrpcClient, grpcClient } from '@ostro/grpc-host';
import { type Clock, type Id, randomIds, systemClock } from '@ostro/kernel';
import { createTopics } from '@ostro/messaging';
import { provision } from '@ostro/persistence';
import {
  AccessTokens,
  createCsr,
  expectPeer,
  loadAuthority,
  loadIdentity,
  loadTlsIdentity,
  mintServiceIdentities,
  mutualTls,
  tlsIdentity,
  type TlsIdentity,
} from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { eventually, testKafka, testPostgres, type TestPostgres } from '@ostro/testing';
import { registry } from '../src/start-registry.ts';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const PASSWORD = 'registry-secret';
const MAIN = join(import.meta.dirname, '../dist/main.js');
const DAY_MS = 24 * 3_600_000;
const ALL = ['registry.models.read', 'registry.models.import', 'registry.aliases.update'];

export type Imports = GrpcClient<registryV1.ImportServiceService>;
export type Models = GrpcClient<registryV1.ModelServiceService>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

interface Parts {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly postgres: TestPostgres;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** One registry on real servers, and the cell around it. It can be stopped and started again on the same state. */
export class RunningRegistry {
  readonly organizationId = randomIds('org');
  readonly #closing: (() => void)[] = [];
  #running: Running | undefined;

  private constructor(private readonly parts: Parts) {}

  static async open({ clock = systemClock, env = {} }: { clock?: Clock; env?: Record<string, string> } = {}) {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-registry-'));
    await mintServiceIdentities(dir, ['identity', 'registry', 'api', 'scheduler', 'billing'], { ...CELL, clock });
    const postgres = await testPostgres();
    const adminUrl = await postgres.createDatabase('registry');
    await provision(adminUrl, [{ schema: 'registry', role: 'registry', password: PASSWORD }]);
    const url = new URL(adminUrl);
    url.username = 'registry';
    url.password = PASSWORD;
    const { name, partitions } = TOPICS.modelRevision;
    await createTopics({ brokers: testKafka().brokers, clientId: 'test' }, [
      { name, partitions, cleanupPolicy: 'delete' },
    ]);
    const opened = new RunningRegistry({ dir, databaseUrl: url.toString(), postgres, clock, env });
    await opened.start();
    return opened;
  }

  get blobDir(): string {
    return join(this.parts.dir, 'blobs');
  }

  /** A folder of the test's own. */
  get dir(): string {
    return this.parts.dir;
  }

  #env(env: Record<string, string>): Record<string, string> {
    return {
      OSTRO_TLS_DIR: join(this.parts.dir, 'registry'),
      OSTRO_DATABASE_URL: this.parts.databaseUrl,
      OSTRO_KAFKA_BROKERS: testKafka().brokers.join(','),
      OSTRO_BLOB_DIR: this.blobDir,
      OSTRO_LOG_LEVEL: 'error',
      OSTRO_IMPORT_LEASE_MS: '10000',
      ...this.parts.env,
      ...env,
    };
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const config = registry.readConfig(this.#env(env));
    const context = openServiceContext({
      service: 'registry',
      version: 'test',
      settings: config.process,
      clock: this.parts.clock,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#running = await registry.start(config, context);
  }

  /** The registry as a process of its own, which `kill` ends without a word. */
  async startProcess(env: Record<string, string> = {}): Promise<{ kill(): Promise<void> }> {
    const readyFile = join(this.parts.dir, `ready-${randomIds('inc')}.json`);
    const child = spawn(process.execPath, ['--no-warnings', MAIN], {
      env: { PATH: process.env['PATH'], ...this.#env(env), OSTRO_READY_FILE: readyFile },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    const kill = async () => {
      child.kill('SIGKILL');
      await exited;
      this.#running = undefined;
    };
    const { addresses } = await eventually(
      async () => JSON.parse(await readFile(readyFile, 'utf8')) as Pick<Running, 'addresses'>,
      { withinMs: 60_000 },
    );
    this.#running = { addresses, stop: kill };
    return { kill };
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0)) close();
    await this.#running?.stop();
    this.#running = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.parts.postgres.drop();
    await rm(this.parts.dir, { recursive: true });
  }

  async imports(caller = 'api'): Promise<Imports> {
    return this.#client(registryV1.ImportServiceService, caller);
  }

  async models(caller = 'api'): Promise<Models> {
    return this.#client(registryV1.ModelServiceService, caller);
  }

  /** The settings of a call by somebody of that organization. */
  async as(organizationId: Id<'org'> = this.organizationId, permissions: readonly string[] = ALL) {
    return { token: await this.token(organizationId, permissions) };
  }

  async token(organizationId: Id<'org'> = this.organizationId, permissions: readonly string[] = ALL): Promise<string> {
    const identity = await loadIdentity(join(this.parts.dir, 'identity'));
    return new AccessTokens(identity, this.parts.clock).issue({
      principalId: randomIds('prn'),
      keyId: randomIds('key'),
      organizationId,
      permissions,
      ttlSeconds: 300,
    });
  }

  async nodeIdentity(): Promise<TlsIdentity> {
    const authority = await loadAuthority(join(this.parts.dir, 'identity'), this.parts.clock);
    const { csrPem, keyPem } = await createCsr('n1');
    const certPem = await authority.issueNode({ nodeId: randomIds('nod'), siteId: 'berlin', csrPem, ttlMs: DAY_MS });
    return tlsIdentity({ caPem: authority.certPem, certPem, keyPem });
  }

  /** One request to the blob server over mTLS. */
  async http(
    method: string,
    path: string,
    options: { as?: string | TlsIdentity; headers?: Record<string, string>; body?: Uint8Array; isWhole?: boolean } = {},
  ): Promise<HttpAnswer> {
    const identity =
      typeof options.as === 'object' ? options.as : await loadTlsIdentity(join(this.parts.dir, options.as ?? 'api'));
    const [host, port] = this.#running!.addresses['blobs']!.split(':');
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          ...mutualTls(identity),
          checkServerIdentity: expectPeer({ kind: 'service', name: 'registry' }),
          ...{ host, port, method, path, headers: options.headers, agent: false },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const headers = response.headers as Record<string, string | undefined>;
            resolve({ status: response.statusCode!, headers, body: Buffer.concat(parts) });
          });
        },
      );
      request.on('error', reject);
      if (options.isWhole === false) request.write(options.body);
      else request.end(options.body);
    });
  }

  /** Sends bytes from the beginning and then nothing more, until the other side breaks the connection. */
  trickle(path: string, { bytes, token }: { bytes: Uint8Array; token: string }): Promise<HttpAnswer> {
    const headers = { authorization: `Bearer ${token}`, 'upload-offset': '0' };
    return this.http('PATCH', path, { headers, body: bytes, isWhole: false });
  }

  async #client<D extends Parameters<typeof grpcClient>[0]>(service: D, caller: string): Promise<GrpcClient<D>> {
    const client = grpcClient(service, {
      address: this.#running!.addresses['grpc']!,
      identity: await loadTlsIdentity(join(this.parts.dir, caller)),
      expectedService: 'registry',
    });
    this.#closing.push(() => client.close());
    return client;
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
