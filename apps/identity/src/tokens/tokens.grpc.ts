import { Controller } from '@nestjs/common';
import { identityV1 } from '@ostro/contracts';
import { parseId } from '@ostro/kernel';
import { TokensService } from './tokens.service.ts';

@Controller()
@identityV1.TokenServiceControllerMethods()
export class TokensGrpc implements identityV1.TokenServiceController {
  constructor(private readonly service: TokensService) {}

  async exchangeApiKey({ secret }: identityV1.ExchangeApiKeyRequest): Promise<identityV1.ExchangeApiKeyResponse> {
    const { accessToken, expiresAt, key, grant } = await this.service.exchange(secret);
    return {
      accessToken,
      expireTime: expiresAt,
      organizationId: key.organizationId,
      projectId: key.projectId,
      principalId: key.principalId,
      keyId: key.id,
      permissions: [...grant.permissions],
    };
  }

  async issueOperatorToken(
    request: identityV1.IssueOperatorTokenRequest,
  ): Promise<identityV1.IssueOperatorTokenResponse> {
    const organizationId = parseId('org', request.organizationId, 'organization_id');
    const { accessToken, expiresAt } = await this.service.issueToOperator(organizationId);
    return { accessToken, expireTime: expiresAt };
  }
}
