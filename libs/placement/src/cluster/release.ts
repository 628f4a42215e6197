import { DomainError } from '@ostro/kernel';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { AcceleratorSnapshot, Holding, NodeSnapshot, ReplicaOnNode } from './node.ts';

/**
 * The cluster without a replica on one of its nodes: what it held is free again, and an accelerator that nobody else
 * shares belongs to nobody. The inverse of `apply`.
 * @throws DomainError FAILED_PRECONDITION (REPLICA_NOT_HELD) when it is not there, or the books do not say what it holds.
 */
export function release(snapshot: ClusterSnapshot, nodeId: string, replicaId: string): ClusterSnapshot {
  const node = snapshot.node(nodeId);
  if (node === undefined) throw notHeld(nodeId, replicaId, 'the node is gone');
  return snapshot.withNode(released(node, replicaId));
}

/** The node without all that a replica holds of it: a gang may have several members there. */
export function released(node: NodeSnapshot, replicaId: string): NodeSnapshot {
  const leaving = node.replicas.filter((replica) => replica.replicaId === replicaId);
  if (leaving.length === 0) throw notHeld(node.nodeId, replicaId, 'it is not there');
  return withoutReplicas(node, leaving);
}

/** The node without these of its replicas. @throws DomainError FAILED_PRECONDITION as `release` does. */
export function withoutReplicas(node: NodeSnapshot, leaving: readonly ReplicaOnNode[]): NodeSnapshot {
  const holdings = leaving.map(({ replicaId, holding }) => {
    if (holding === undefined) throw notHeld(node.nodeId, replicaId, 'the books do not say what it holds');
    return holding;
  });
  const replicas = node.replicas.filter((replica) => !leaving.includes(replica));
  const freed = freedBy(holdings, replicas);
  return {
    ...node,
    replicas,
    cpuMilli: grown(node.cpuMilli, sumOf(holdings, 'cpuMilli')),
    hostMemoryBytes: grown(node.hostMemoryBytes, sumOf(holdings, 'hostMemoryBytes')),
    accelerators: node.accelerators.map((accelerator) => {
      if (accelerator.migSlices === undefined) return freed(accelerator, accelerator.acceleratorId);
      const migSlices = accelerator.migSlices.map((slice) => freed(slice, slice.sliceId));
      const isSame = migSlices.every((slice, at) => slice === accelerator.migSlices![at]);
      return isSame ? accelerator : { ...accelerator, migSlices };
    }),
  };
}

/**
 * Gives each accelerator or slice what the holdings took of it; nobody holds it once no replica that stays does. One that
 * the books know nothing of may hold anything, so beside it the organization stays.
 */
function freedBy(
  holdings: readonly Holding[],
  staying: readonly ReplicaOnNode[],
): <T extends Share>(share: T, id: string) => T {
  const bytes = new Map<string, number>();
  for (const { acceleratorIds, takenBytes } of holdings) {
    for (const [at, id] of acceleratorIds.entries()) bytes.set(id, (bytes.get(id) ?? 0) + takenBytes[at]!);
  }
  return (share, id) => {
    const back = bytes.get(id);
    if (back === undefined) return share;
    const { organizationId, ...rest } = share;
    const isHeld = staying.some(({ holding }) => holding?.acceleratorIds.includes(id) ?? true);
    // Never more than there is, should the capacity have shrunk meanwhile.
    const freeMemoryBytes = Math.min(share.memoryBytes, share.freeMemoryBytes + back);
    return { ...rest, freeMemoryBytes, ...(isHeld && { organizationId }) } as typeof share;
  };
}

function sumOf(holdings: readonly Holding[], amount: 'cpuMilli' | 'hostMemoryBytes'): number {
  return holdings.reduce((sum, holding) => sum + holding[amount], 0);
}

type Share = Pick<AcceleratorSnapshot, 'memoryBytes' | 'freeMemoryBytes' | 'organizationId'>;

function grown({ capacity, free }: NodeSnapshot['cpuMilli'], by: number): NodeSnapshot['cpuMilli'] {
  return { capacity, free: Math.min(capacity, free + by) };
}

function notHeld(nodeId: string, replicaId: string, why: string): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'REPLICA_NOT_HELD',
    `replica ${replicaId} cannot be released from node ${nodeId}: ${why}; take a newer snapshot`,
    { details: { nodeId, replicaId } },
  );
}
