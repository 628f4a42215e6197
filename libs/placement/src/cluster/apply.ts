import { DomainError, type Id } from '@ostro/kernel';
import type { Placement } from '../decision.ts';
import { cpuAndHostMemoryFit } from '../filters/cpu-and-host-memory-fit.ts';
import { oneOrganizationPerAccelerator } from '../filters/one-organization-per-accelerator.ts';
import { vramFits } from '../filters/vram-fits.ts';
import type { PlacementRequest } from '../request.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { type NodeSnapshot, placeableAccelerators } from './node.ts';

/**
 * The cluster after a placement: what it asked for is taken from its node and nothing else changes. An exclusive
 * replica takes all that is free on its accelerators, because its runtime will.
 * @throws DomainError FAILED_PRECONDITION (PLACEMENT_DOES_NOT_FIT) when the snapshot has moved on since the decision:
 * place again on the newer one.
 */
export function apply(snapshot: ClusterSnapshot, placement: Placement): ClusterSnapshot {
  const { nodeId, acceleratorIds, request } = placement;
  const node = snapshot.node(nodeId);
  if (node === undefined) throw doesNotFit(placement, 'the node is gone');
  if (node.replicas.some(({ replicaId }) => replicaId === request.replicaId)) {
    throw doesNotFit(placement, 'the replica is there already');
  }
  const wanted = new Set(acceleratorIds);
  const chosen = placeableAccelerators(node).filter(({ acceleratorId }) => wanted.has(acceleratorId));
  if (chosen.length !== request.accelerator.count) throw doesNotFit(placement, 'its accelerators are not there');
  for (const guard of [cpuAndHostMemoryFit, oneOrganizationPerAccelerator, vramFits]) {
    if (guard.keep(request, node, chosen) !== chosen) throw doesNotFit(placement, `${guard.name} refuses it`);
  }
  return snapshot.withNode(taken(node, request, wanted));
}

function taken(node: NodeSnapshot, request: PlacementRequest, acceleratorIds: ReadonlySet<string>): NodeSnapshot {
  return {
    ...node,
    cpuMilli: { ...node.cpuMilli, free: node.cpuMilli.free - request.cpuMilli },
    hostMemoryBytes: { ...node.hostMemoryBytes, free: node.hostMemoryBytes.free - request.hostMemoryBytes },
    replicas: [...node.replicas, { replicaId: request.replicaId, deploymentId: request.deploymentId }],
    accelerators: node.accelerators.map((accelerator) => {
      if (acceleratorIds.has(accelerator.acceleratorId)) return shareTaken(accelerator, request);
      if (accelerator.migSlices === undefined) return accelerator;
      const migSlices = accelerator.migSlices.map((slice) =>
        acceleratorIds.has(slice.sliceId) ? shareTaken(slice, request) : slice,
      );
      return { ...accelerator, migSlices };
    }),
  };
}

interface Share {
  readonly freeMemoryBytes: number;
  readonly organizationId?: Id<'org'>;
}

function shareTaken<T extends Share>(share: T, { organizationId, accelerator }: PlacementRequest): T {
  const freeMemoryBytes = accelerator.exclusive ? 0 : share.freeMemoryBytes - accelerator.memoryBytesEach;
  return { ...share, freeMemoryBytes, organizationId: share.organizationId ?? organizationId };
}

function doesNotFit({ nodeId, request }: Placement, why: string): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'PLACEMENT_DOES_NOT_FIT',
    `replica ${request.replicaId} no longer fits on node ${nodeId}: ${why}; place it again on a newer snapshot`,
    { details: { nodeId, replicaId: request.replicaId } },
  );
}
