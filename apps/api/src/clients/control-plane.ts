import { billingV1, identityV1, registryV1, schedulingV1 } from '@ostro/contracts';
import { type GrpcClient, grpcClient } from '@ostro/grpc-host';
import type { TlsIdentity } from '@ostro/pki';

/** What the management API asks of each service; the operations name their method by these too. */
export const IDENTITY = {
  ...identityV1.OrganizationServiceService,
  ...identityV1.PrincipalServiceService,
  ...identityV1.ApiKeyServiceService,
  exchangeApiKey: identityV1.TokenServiceService.exchangeApiKey,
  createJoinToken: identityV1.NodeEnrolmentServiceService.createJoinToken,
} as const;
export const REGISTRY = { ...registryV1.ModelServiceService, ...registryV1.ImportServiceService } as const;
export const SCHEDULER = {
  ...schedulingV1.DeploymentServiceService,
  ...schedulingV1.EndpointServiceService,
  ...schedulingV1.NodeServiceService,
} as const;
export const BILLING = billingV1.BillingServiceService;

export interface ControlPlaneAddresses {
  readonly identity: string;
  readonly registry: string;
  readonly scheduler: string;
  readonly billing: string;
}

/** The four services behind the management API, one connection each. */
export class ControlPlane {
  readonly identity: GrpcClient<typeof IDENTITY>;
  readonly registry: GrpcClient<typeof REGISTRY>;
  readonly scheduler: GrpcClient<typeof SCHEDULER>;
  readonly billing: GrpcClient<typeof BILLING>;

  constructor(addresses: ControlPlaneAddresses, identity: TlsIdentity) {
    const connection = (service: keyof ControlPlaneAddresses) => ({
      address: addresses[service],
      identity,
      expectedService: service,
    });
    this.identity = grpcClient(IDENTITY, connection('identity'));
    this.registry = grpcClient(REGISTRY, connection('registry'));
    this.scheduler = grpcClient(SCHEDULER, connection('scheduler'));
    this.billing = grpcClient(BILLING, connection('billing'));
  }

  close(): void {
    for (const client of [this.identity, this.registry, this.scheduler, this.billing]) client.close();
  }
}
