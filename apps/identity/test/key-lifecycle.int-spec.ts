import { identityV1 } from '@ostro/contracts';
import { RunningIdentity } from './running-identity.ts';

const { ApiKeyServiceService, OrganizationServiceService, TokenServiceService } = identityV1;

describe('a key', () => {
  let cell: RunningIdentity;
  beforeAll(async () => {
    cell = await RunningIdentity.open();
  });
  afterAll(() => cell.close());

  it('is made by the operator for a new organization', async () => {
    const organizations = await cell.client(OrganizationServiceService, 'operator');
    const made = await organizations.createOrganization({ requestId: 'r1', name: 'acme', ownerName: 'ada' });
    const organizationId = made.organization!.organizationId;
    const tokens = await cell.client(TokenServiceService, 'operator');
    const { accessToken: token } = await tokens.issueOperatorToken({ organizationId });
    const keys = await cell.client(ApiKeyServiceService, 'operator');
    const { apiKey, secret } = await keys.createApiKey(
      {
        requestId: 'k1',
        organizationId,
        projectId: made.defaultProject!.projectId,
        principalId: made.owner!.principalId,
        name: 'first',
        scopes: ['inference', 'manage:*'],
        allowedModels: ['*'],
        ttlSeconds: 0n,
      },
      { token },
    );
    expect(secret).toMatch(/^ostro_/);
    const exchange = await cell.client(TokenServiceService, 'api');
    const granted = await exchange.exchangeApiKey({ secret });
    expect(granted.keyId).toBe(apiKey!.keyId);
    expect(granted.permissions).toContain('inference');
  });
});
