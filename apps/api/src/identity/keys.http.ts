import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import type { identityV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, IDENTITY } from '../clients/control-plane.ts';
import { Operation } from '../http/operation.ts';
import { body, label, page, path, query, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { apiKey, apiKeyPage, newApiKey, revocationReasons } from './identity.views.ts';

const YEAR_SECONDS = 365 * 86_400;

const newKey = body('NewKey', {
  project_id: z.string().optional().describe("Absent: the caller's project."),
  principal_id: z.string().default('').describe('Who owns it; absent: the caller.'),
  name: label,
  scopes: z.array(label).min(1).max(50),
  allowed_models: z.array(label).max(1_000).default(['*']).describe('Endpoint names; "*" means all.'),
  ttl_seconds: z.int().min(0).max(YEAR_SECONDS).default(0).describe('0 means 90 days.'),
});
const listQuery = query({ project_id: z.string().default(''), ...page });
const revokeQuery = query({ reason: revocationReasons.input.default('requested') });
const byKey = path('key_id');

/** API keys: shown once, revoked for ever. */
@Controller('v1/keys')
export class KeysHttp {
  readonly #identity: ControlPlane['identity'];

  constructor(control: ControlPlane) {
    this.#identity = control.identity;
  }

  @Get()
  @Operation(IDENTITY.listApiKeys, 'listKeys', 'Keys, newest first', { answers: apiKeyPage })
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @By() caller: Caller,
  ): Promise<Listed<identityV1.ApiKey>> {
    const request = { organizationId: caller.organizationId, projectId: query.project_id, ...toPage(query) };
    const { apiKeys, nextPageToken } = await this.#identity.listApiKeys(request, caller.reads());
    return { items: apiKeys, nextPageToken };
  }

  @Post()
  @Operation(IDENTITY.createApiKey, 'createKey', 'Creates a key and shows its secret, this once', {
    answers: newApiKey,
    status: 201,
  })
  async create(
    @Body({ schema: newKey }) wanted: z.output<typeof newKey>,
    @By() caller: Caller,
  ): Promise<identityV1.ApiKey & { secret: string }> {
    const { apiKey, secret } = await this.#identity.createApiKey(
      {
        requestId: caller.requestId,
        organizationId: caller.organizationId,
        projectId: wanted.project_id ?? caller.grant.projectId,
        principalId: wanted.principal_id,
        name: wanted.name,
        scopes: wanted.scopes,
        allowedModels: wanted.allowed_models,
        ttlSeconds: BigInt(wanted.ttl_seconds),
      },
      caller.writes(),
    );
    return { ...apiKey!, secret };
  }

  @Get(':key_id')
  @Operation(IDENTITY.getApiKey, 'getKey', 'One key, without its secret', { answers: apiKey })
  async get(
    @Param({ schema: byKey }) { key_id: keyId }: z.output<typeof byKey>,
    @By() caller: Caller,
  ): Promise<identityV1.ApiKey> {
    const { organizationId } = caller;
    const { apiKey } = await this.#identity.getApiKey({ organizationId, keyId }, caller.reads());
    return apiKey!;
  }

  @Delete(':key_id')
  @Operation(IDENTITY.revokeApiKey, 'revokeKey', 'Revokes a key for ever; gateways refuse it within 5 s', {
    answers: apiKey,
  })
  async revoke(
    @Param({ schema: byKey }) { key_id: keyId }: z.output<typeof byKey>,
    @Query({ schema: revokeQuery }) { reason }: z.output<typeof revokeQuery>,
    @By() caller: Caller,
  ): Promise<identityV1.ApiKey> {
    const { organizationId } = caller;
    const request = { organizationId, keyId, reason: revocationReasons.numberOf(reason) };
    const { apiKey } = await this.#identity.revokeApiKey(request, caller.writes());
    return apiKey!;
  }
}
