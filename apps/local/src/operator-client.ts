import { identityV1 } from '@ostro/contracts';
import { grpcClient, type GrpcClientOptions } from '@ostro/grpc-host';

export interface FoundedOrganization {
  readonly organizationId: string;
  readonly projectId: string;
  readonly ownerId: string;
}

const YEAR_SECONDS = 365n * 86_400n;

/** What only the operator's certificate may ask of identity: the first steps of an organization and of a node. */
export class OperatorClient {
  readonly #organizations;
  readonly #tokens;
  readonly #keys;
  readonly #nodes;

  constructor(address: GrpcClientOptions['address'], identity: GrpcClientOptions['identity']) {
    const connection = { address, identity, expectedService: 'identity' };
    this.#organizations = grpcClient(identityV1.OrganizationServiceService, connection);
    this.#tokens = grpcClient(identityV1.TokenServiceService, connection);
    this.#keys = grpcClient(identityV1.ApiKeyServiceService, connection);
    this.#nodes = grpcClient(identityV1.NodeEnrolmentServiceService, connection);
  }

  /** The same request id gives the same organization again, so an interrupted set-up is taken up where it stopped. */
  async foundOrganization(name: string, requestId: string): Promise<FoundedOrganization> {
    const founded = await this.#organizations.createOrganization({ requestId, name, ownerName: 'owner' });
    return {
      organizationId: founded.organization!.organizationId,
      projectId: founded.defaultProject!.projectId,
      ownerId: founded.owner!.principalId,
    };
  }

  /**
   * A key that may do everything in the organization, for a year. Shown this once.
   *
   * @throws DomainError ALREADY_EXISTS (KEY_ALREADY_CREATED) when the request id made one before.
   */
  async ownerKey(organization: FoundedOrganization, name: string, requestId: string): Promise<string> {
    const { organizationId, projectId, ownerId } = organization;
    const { secret } = await this.#keys.createApiKey(
      {
        requestId,
        organizationId,
        projectId,
        principalId: ownerId,
        name,
        scopes: ['inference', 'manage:*'],
        allowedModels: ['*'],
        ttlSeconds: YEAR_SECONDS,
      },
      { token: await this.#token(organizationId) },
    );
    return secret;
  }

  /** Lets one node join the site. */
  async joinToken(
    organizationId: string,
    site: identityV1.Site,
    ttlSeconds: bigint,
  ): Promise<identityV1.CreateJoinTokenResponse> {
    const request = { organizationId, site, ttlSeconds };
    return this.#nodes.createJoinToken(request, { token: await this.#token(organizationId) });
  }

  close(): void {
    for (const client of [this.#organizations, this.#tokens, this.#keys, this.#nodes]) client.close();
  }

  async #token(organizationId: string): Promise<string> {
    return (await this.#tokens.issueOperatorToken({ organizationId })).accessToken;
  }
}
