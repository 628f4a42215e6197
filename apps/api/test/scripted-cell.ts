import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { billingV1, identityV1, registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError, randomIds, systemClock } from '@ostro/kernel';
import { AccessTokens, loadIdentity, mintServiceIdentities } from '@ostro/pki';
import { openServiceContext, type Running } from '@ostro/service-host';
import { api } from '../src/start-api.ts';
import { ScriptedBlobs } from './scripted-blobs.ts';
import { ScriptedService } from './scripted-service.ts';

const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const SERVICES = ['identity', 'registry', 'scheduler', 'billing', 'api'] as const;
type ServiceName = (typeof SERVICES)[number];

/** A key as the scripted identity knows it. */
export interface ScriptedKey {
  readonly secret: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly keyId: string;
}

/** A management API over four scripted services and a blob server, all of them over mTLS with the cell's certificates. */
export class ScriptedCell {
  readonly key: ScriptedKey = {
    secret: 'ostro_key',
    organizationId: randomIds('org'),
    projectId: randomIds('prj'),
    keyId: randomIds('key'),
  };
  readonly #dir: string;
  #api: Running | undefined;

  private constructor(
    dir: string,
    readonly identity: ScriptedService,
    readonly registry: ScriptedService,
    readonly scheduler: ScriptedService,
    readonly billing: ScriptedService,
    readonly blobs: ScriptedBlobs,
  ) {
    this.#dir = dir;
  }

  static async open(): Promise<ScriptedCell> {
    const dir = await mkdtemp(join(tmpdir(), 'ostro-api-'));
    await mintServiceIdentities(dir, SERVICES, { ...CELL, clock: systemClock });
    const identityOf = (name: ServiceName) => loadIdentity(join(dir, name));
    const [identity, registry, scheduler, billing, blobs] = await Promise.all([
      ScriptedService.listen(
        [
          identityV1.OrganizationServiceService,
          identityV1.PrincipalServiceService,
          identityV1.ApiKeyServiceService,
          identityV1.TokenServiceService,
          identityV1.NodeEnrolmentServiceService,
        ],
        await identityOf('identity'),
      ),
      ScriptedService.listen(
        [registryV1.ModelServiceService, registryV1.ImportServiceService],
        await identityOf('registry'),
      ),
      ScriptedService.listen(
        [schedulingV1.DeploymentServiceService, schedulingV1.EndpointServiceService, schedulingV1.NodeServiceService],
        await identityOf('scheduler'),
      ),
      ScriptedService.listen([billingV1.BillingServiceService], await identityOf('billing')),
      ScriptedBlobs.listen(await identityOf('registry')),
    ]);
    const cell = new ScriptedCell(dir, identity, registry, scheduler, billing, blobs);
    await cell.#start();
    return cell;
  }

  get url(): string {
    return `http://${this.#api!.addresses['http']}`;
  }

  /** One request with the cell's key. */
  async request(method: string, path: string, options: { json?: unknown; headers?: Record<string, string> } = {}) {
    const { json, headers = {} } = options;
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key.secret}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
  }

  /** The key works and holds these permissions from the next exchange on. */
  async grant(permissions: readonly string[], ttlSeconds = 300): Promise<void> {
    const tokens = new AccessTokens(await loadIdentity(join(this.#dir, 'identity')), systemClock);
    const { organizationId, projectId, keyId } = this.key;
    const principalId = randomIds('prn');
    const accessToken = await tokens.issue({
      principalId,
      organizationId: organizationId as `org_${string}`,
      keyId: keyId as `key_${string}`,
      permissions: [...permissions],
      ttlSeconds,
    });
    const expireTime = new Date(systemClock.now().getTime() + ttlSeconds * 1_000);
    this.identity.answer(identityV1.TokenServiceService.exchangeApiKey, ({ secret }) => {
      if (secret !== this.key.secret)
        throw new DomainError('UNAUTHENTICATED', 'KEY_UNKNOWN', 'this key does not exist');
      return {
        accessToken,
        expireTime,
        organizationId,
        projectId,
        principalId,
        keyId,
        permissions: [...permissions],
      };
    });
  }

  async close(): Promise<void> {
    await this.#api?.stop();
    await Promise.all(
      [this.identity, this.registry, this.scheduler, this.billing, this.blobs].map((each) => each.close()),
    );
    await rm(this.#dir, { recursive: true });
  }

  async #start(): Promise<void> {
    const config = api.readConfig({
      OSTRO_TLS_DIR: join(this.#dir, 'api'),
      OSTRO_HTTP_BIND: '127.0.0.1:0',
      OSTRO_IDENTITY_ADDRESS: this.identity.address,
      OSTRO_REGISTRY_ADDRESS: this.registry.address,
      OSTRO_SCHEDULER_ADDRESS: this.scheduler.address,
      OSTRO_BILLING_ADDRESS: this.billing.address,
      OSTRO_REGISTRY_BLOB_URL: this.blobs.url,
      OSTRO_GATEWAY_URL: 'http://127.0.0.1:8080',
      OSTRO_LOG_LEVEL: 'error',
    });
    const context = openServiceContext({
      service: 'api',
      version: 'test',
      settings: config.process,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#api = await api.start(config, context);
  }
}
