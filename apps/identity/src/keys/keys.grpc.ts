import { Controller } from '@nestjs/common';
import { identityV1 } from '@ostro/contracts';
import { currentCall, currentCaller, parsePage, requireOrganization, requireProject } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { idempotentRequest } from '@ostro/persistence';
import type { ApiKey, RevocationReason } from '../domain/api-key.ts';
import { revocationToProto } from '../events/api-key-record.ts';
import { KeyIssuer } from './key-issuer.service.ts';
import { KeysService } from './keys.service.ts';

@Controller()
@identityV1.ApiKeyServiceControllerMethods()
export class KeysGrpc implements identityV1.ApiKeyServiceController {
  constructor(
    private readonly issuer: KeyIssuer,
    private readonly service: KeysService,
  ) {}

  async createApiKey(request: identityV1.CreateApiKeyRequest): Promise<identityV1.CreateApiKeyResponse> {
    const bearer = requireOrganization(currentCaller(), request.organizationId);
    const scope = { organizationId: bearer.organizationId, method: currentCall().method };
    const once = idempotentRequest(identityV1.CreateApiKeyRequest, request, scope);
    const { key, secret } = await this.issuer.issue(once, bearer, {
      ...request,
      projectId: parseId('prj', request.projectId, 'project_id'),
      principalId: parseId('prn', request.principalId || bearer.principalId, 'principal_id'),
    });
    return { apiKey: toProto(key), secret };
  }

  async getApiKey(request: identityV1.GetApiKeyRequest): Promise<identityV1.GetApiKeyResponse> {
    const bearer = requireOrganization(currentCaller(), request.organizationId);
    return { apiKey: toProto(await this.service.get(bearer, parseId('key', request.keyId, 'key_id'))) };
  }

  async listApiKeys(request: identityV1.ListApiKeysRequest): Promise<identityV1.ListApiKeysResponse> {
    const { organizationId, projectIds: reachable } = requireOrganization(currentCaller(), request.organizationId);
    const asked = request.projectId === '' ? undefined : parseId('prj', request.projectId, 'project_id');
    if (asked) requireProject(currentCaller(), asked);
    const projectIds = asked ? [asked] : reachable;
    const page = parsePage(request, { organizationId, projectIds });
    const { items, nextPageToken } = await this.service.list({ organizationId, projectIds }, page);
    return { apiKeys: items.map(toProto), nextPageToken };
  }

  async revokeApiKey(request: identityV1.RevokeApiKeyRequest): Promise<identityV1.RevokeApiKeyResponse> {
    const bearer = requireOrganization(currentCaller(), request.organizationId);
    const reason = reasonFromProto(request.reason);
    return { apiKey: toProto(await this.service.revoke(bearer, parseId('key', request.keyId, 'key_id'), reason)) };
  }
}

function toProto(key: ApiKey): identityV1.ApiKey {
  return {
    keyId: key.id,
    organizationId: key.organizationId,
    projectId: key.projectId,
    principalId: key.principalId,
    name: key.name,
    prefix: key.prefix,
    scopes: [...key.scopes],
    allowedModels: [...key.allowedModels],
    ...revocationToProto(key),
    createTime: key.createdAt,
    expireTime: key.expiresAt,
  };
}

/** No reason is the plainest one. */
function reasonFromProto(reason: identityV1.RevocationReason): RevocationReason {
  switch (reason) {
    case identityV1.RevocationReason.REVOCATION_REASON_UNSPECIFIED:
    case identityV1.RevocationReason.REVOCATION_REASON_REQUESTED:
      return 'requested';
    case identityV1.RevocationReason.REVOCATION_REASON_COMPROMISED:
      return 'compromised';
    default:
      throw new DomainError(
        'INVALID_ARGUMENT',
        'INVALID_REASON',
        'reason must be REQUESTED or COMPROMISED: the others are for identity to give',
        { details: { field: 'reason' } },
      );
  }
}
