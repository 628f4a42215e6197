import { randomUUID } from 'node:crypto';
import { identityV1 } from '@ostro/contracts';
import type { RunningIdentity } from './running-identity.ts';

const { ApiKeyServiceService, OrganizationServiceService, PrincipalServiceService, TokenServiceService } = identityV1;

export interface Member {
  readonly principalId: string;
  readonly keyId: string;
  readonly secret: string;
}

type ManagementClients = Awaited<ReturnType<typeof managementClients>>;

async function managementClients(cell: RunningIdentity) {
  return {
    keys: await cell.client(ApiKeyServiceService, 'api'),
    organizations: await cell.client(OrganizationServiceService, 'api'),
    principals: await cell.client(PrincipalServiceService, 'api'),
    tokens: await cell.client(TokenServiceService, 'api'),
  };
}

/** An organization with its owner, and the clients that act for it through the management API. */
export class Tenant {
  private constructor(
    readonly organizationId: string,
    readonly projectId: string,
    readonly owner: Member,
    private readonly api: ManagementClients,
  ) {}

  get keys() {
    return this.api.keys;
  }

  get organizations() {
    return this.api.organizations;
  }

  get principals() {
    return this.api.principals;
  }

  get tokens() {
    return this.api.tokens;
  }

  /** As `ostro up` does it: the operator founds it and makes the owner's first key. */
  static async found(cell: RunningIdentity, name: string): Promise<Tenant> {
    const operator = await cell.client(OrganizationServiceService, 'operator');
    const made = await operator.createOrganization({ requestId: randomUUID(), name, ownerName: 'ada' });
    const { organizationId } = made.organization!;
    const { projectId } = made.defaultProject!;
    const tokens = await cell.client(TokenServiceService, 'operator');
    const { accessToken: token } = await tokens.issueOperatorToken({ organizationId });
    const keys = await cell.client(ApiKeyServiceService, 'operator');
    const request = aKey({ organizationId, projectId, principalId: made.owner!.principalId });
    const { apiKey, secret } = await keys.createApiKey(request, { token });
    const owner = { principalId: made.owner!.principalId, keyId: apiKey!.keyId, secret };
    return new Tenant(organizationId, projectId, owner, await managementClients(cell));
  }

  /** Settings of a call on behalf of a key. */
  async as({ secret }: Pick<Member, 'secret'>): Promise<{ token: string }> {
    return { token: (await this.tokens.exchangeApiKey({ secret })).accessToken };
  }

  async asOwner(): Promise<{ token: string }> {
    return this.as(this.owner);
  }

  /** A user with these roles and a key for everything they allow. */
  async member(name: string, roleBindings: identityV1.RoleBinding[]): Promise<Member> {
    const owner = await this.asOwner();
    const { organizationId } = this;
    const { principal } = await this.principals.createPrincipal(
      {
        requestId: randomUUID(),
        organizationId,
        kind: identityV1.PrincipalKind.PRINCIPAL_KIND_USER,
        name,
        roleBindings,
      },
      owner,
    );
    const { principalId } = principal!;
    const { apiKey, secret } = await this.keys.createApiKey(this.aKey({ principalId }), owner);
    return { principalId, keyId: apiKey!.keyId, secret };
  }

  aKey(overrides: Partial<identityV1.CreateApiKeyRequest> = {}): identityV1.CreateApiKeyRequest {
    const { organizationId, projectId } = this;
    return aKey({ organizationId, projectId, ...overrides });
  }
}

function aKey(overrides: Partial<identityV1.CreateApiKeyRequest>): identityV1.CreateApiKeyRequest {
  return {
    requestId: randomUUID(),
    organizationId: '',
    projectId: '',
    principalId: '',
    name: 'a key',
    scopes: ['inference', 'manage:*'],
    allowedModels: ['*'],
    ttlSeconds: 0n,
    ...overrides,
  };
}

/** What a call failed with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (answer) =>
      new Error(
        `it succeeded with ${JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : (value as unknown)))}`,
      ),
    (error: unknown) => error,
  );
}
