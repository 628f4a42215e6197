import type { Id } from '@ostro/kernel';
import type { PlacementRequest, RequestShape } from '@ostro/placement';
import type { Replica } from './replica.ts';
import type { Spec } from './spec.ts';

/** What must fit for one replica of a revision. */
export function placementRequest(
  replica: Pick<Replica, 'deploymentId' | 'organizationId'> & { readonly id: Id<'rep'> },
  spec: Spec,
  modelDigest: string,
): PlacementRequest {
  return {
    replicaId: replica.id,
    organizationId: replica.organizationId,
    deploymentId: replica.deploymentId,
    modelDigest,
    ...needOf(spec),
    // What the model server keeps in host memory is small beside the weights, which a CPU accelerator counts itself.
    hostMemoryBytes: 0,
    residency: spec.residency,
    tolerations: [],
    antiAffinity: 'spread',
    runtime: spec.runtime,
  };
}

/** What a replica asks of accelerators and cores: all that an estimate of the demand counts. */
export type Need = Pick<RequestShape, 'accelerator' | 'cpuMilli'>;

export function needOf({ accelerators, cpuMilli }: Pick<Spec, 'accelerators' | 'cpuMilli'>): Need {
  return { accelerator: { ...accelerators, exclusive: false }, cpuMilli };
}

/** A seed that is the replica's own: equal nodes are not all taken from the front, and a replay takes the same again. */
export function seedOf(replicaId: Id<'rep'>): number {
  return Number.parseInt(replicaId.slice(-8), 16);
}
