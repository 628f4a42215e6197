import { DomainError } from '@ostro/kernel';
import type { Member, Placement } from '../decision.ts';
import { cpuAndHostMemoryFit } from '../filters/cpu-and-host-memory-fit.ts';
import { oneOrganizationPerAccelerator } from '../filters/one-organization-per-accelerator.ts';
import { vramFits } from '../filters/vram-fits.ts';
import type { PlacementRequest } from '../request.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { type AcceleratorSnapshot, type NodeSnapshot, placeableAccelerators } from './node.ts';
import { release } from './release.ts';

/**
 * The cluster after a placement: its victims are gone, what it asked for is taken from its node (of each member's, for a
 * gang) and nothing else changes. An exclusive replica takes all that is free on its accelerators, because its runtime will.
 * @throws DomainError FAILED_PRECONDITION (PLACEMENT_DOES_NOT_FIT) when the snapshot has moved on since the decision:
 * place again on the newer one.
 */
export function apply(snapshot: ClusterSnapshot, placement: Placement): ClusterSnapshot {
  const { request, nodeId, acceleratorIds, victims = [], members = [{ nodeId, acceleratorIds }] } = placement;
  for (const member of members) refuseTwice(snapshot, request, member);
  const emptied = victims.reduce((cluster, victim) => release(cluster, victim.nodeId, victim.replicaId), snapshot);
  return members.reduce((cluster, member) => withMember(cluster, request, member), emptied);
}

/** The cluster after one member, or a request without a gang, was placed. */
export function withMember(snapshot: ClusterSnapshot, request: PlacementRequest, member: Member): ClusterSnapshot {
  const node = snapshot.node(member.nodeId);
  if (node === undefined) throw doesNotFit(request, member, 'the node is gone');
  return snapshot.withNode(taken(node, request, member));
}

function refuseTwice(snapshot: ClusterSnapshot, request: PlacementRequest, member: Member): void {
  const replicas = snapshot.node(member.nodeId)?.replicas ?? [];
  if (replicas.some(({ replicaId }) => replicaId === request.replicaId)) {
    throw doesNotFit(request, member, 'the replica is there already');
  }
}

/** The node after one member was placed there, as `withMember` of the whole cluster. */
export function taken(node: NodeSnapshot, request: PlacementRequest, member: Member): NodeSnapshot {
  const { acceleratorIds } = member;
  const chosen = placeableAccelerators(node).filter(({ acceleratorId }) => acceleratorIds.includes(acceleratorId));
  if (chosen.length !== request.accelerator.count) throw doesNotFit(request, member, 'its accelerators are not there');
  for (const guard of [cpuAndHostMemoryFit, oneOrganizationPerAccelerator, vramFits]) {
    if (guard.keep(request, node, chosen) !== chosen) throw doesNotFit(request, member, `${guard.name} refuses it`);
  }
  const takenBytes = chosen.map((accelerator) => bytesTaken(accelerator, request));
  const holding = {
    cpuMilli: request.cpuMilli,
    hostMemoryBytes: request.hostMemoryBytes,
    acceleratorIds: chosen.map(({ acceleratorId }) => acceleratorId),
    takenBytes,
    priority: request.priority ?? 0,
    request,
  };
  const share = <T extends Share>(each: T, id: string): T => {
    const at = holding.acceleratorIds.indexOf(id);
    return at < 0 ? each : shareTaken(each, takenBytes[at]!, request);
  };
  return {
    ...node,
    cpuMilli: { ...node.cpuMilli, free: node.cpuMilli.free - request.cpuMilli },
    hostMemoryBytes: { ...node.hostMemoryBytes, free: node.hostMemoryBytes.free - request.hostMemoryBytes },
    replicas: [...node.replicas, { replicaId: request.replicaId, deploymentId: request.deploymentId, holding }],
    accelerators: node.accelerators.map((accelerator) => {
      if (accelerator.migSlices === undefined) return share(accelerator, accelerator.acceleratorId);
      if (!accelerator.migSlices.some(({ sliceId }) => acceleratorIds.includes(sliceId))) return accelerator;
      return { ...accelerator, migSlices: accelerator.migSlices.map((slice) => share(slice, slice.sliceId)) };
    }),
  };
}

type Share = Pick<AcceleratorSnapshot, 'freeMemoryBytes' | 'organizationId'>;

function bytesTaken({ freeMemoryBytes }: Share, { accelerator }: PlacementRequest): number {
  return accelerator.exclusive ? freeMemoryBytes : accelerator.memoryBytesEach;
}

function shareTaken<T extends Share>(share: T, bytes: number, { organizationId }: PlacementRequest): T {
  return {
    ...share,
    freeMemoryBytes: share.freeMemoryBytes - bytes,
    organizationId: share.organizationId ?? organizationId,
  };
}

function doesNotFit({ replicaId }: PlacementRequest, { nodeId }: Member, why: string): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'PLACEMENT_DOES_NOT_FIT',
    `replica ${replicaId} no longer fits on node ${nodeId}: ${why}; place it again on a newer snapshot`,
    { details: { nodeId, replicaId } },
  );
}
