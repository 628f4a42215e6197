import type { registryV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import { DomainError, type Id, type Sensitive } from '@ostro/kernel';

type ModelsClient = GrpcClient<typeof registryV1.ModelServiceService>;

/** Whoever deploys: the registry is asked in their name, so that nobody deploys what they may not read. */
export interface Requester {
  readonly organizationId: Id<'org'>;
  readonly token: Sensitive<string>;
}

/** What a model reference means now. */
export class ModelResolver {
  constructor(private readonly registry: Pick<ModelsClient, 'resolveModel'>) {}

  /** @throws DomainError of the registry; INVALID_ARGUMENT (MODEL_REQUIRED) */
  async resolve(reference: string, { organizationId, token }: Requester): Promise<registryV1.ModelRevision> {
    if (reference === '') {
      throw new DomainError('INVALID_ARGUMENT', 'MODEL_REQUIRED', 'spec.model must name a model, such as "gemma"', {
        details: { field: 'spec.model' },
      });
    }
    const { revision } = await this.registry.resolveModel({ organizationId, reference }, { token, idempotent: true });
    if (revision?.manifest) return revision;
    throw new DomainError(
      'FAILED_PRECONDITION',
      'MODEL_WITHOUT_MANIFEST',
      `${reference} has no files to serve; import it again`,
      { details: { model: reference } },
    );
  }
}
