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
  return leaving.reduce(withoutOne, node);
}

function withoutOne(node: NodeSnapshot, leaving: ReplicaOnNode): NodeSnapshot {
  const { holding } = leaving;
  if (holding === undefined) throw notHeld(node.nodeId, leaving.replicaId, 'the books do not say what it holds');
  const replicas = node.replicas.filter((replica) => replica !== leaving);
  const shared = new Set(replicas.flatMap((replica) => replica.holding?.acceleratorIds ?? []));
  const freed = <T extends Share>(share: T, id: string): T => {
    const at = holding.acceleratorIds.indexOf(id);
    return at < 0 ? share : freedShare(share, holding.takenBytes[at]!, shared.has(id));
  };
  return {
    ...node,
    replicas,
    cpuMilli: grown(node.cpuMilli, holding.cpuMilli),
    hostMemoryBytes: grown(node.hostMemoryBytes, holding.hostMemoryBytes),
    accelerators: node.accelerators.map((accelerator) => {
      if (accelerator.migSlices === undefined) return freed(accelerator, accelerator.acceleratorId);
      if (!accelerator.migSlices.some(({ sliceId }) => holding.acceleratorIds.includes(sliceId))) return accelerator;
      return { ...accelerator, migSlices: accelerator.migSlices.map((slice) => freed(slice, slice.sliceId)) };
    }),
  };
}

type Share = Pick<AcceleratorSnapshot, 'memoryBytes' | 'freeMemoryBytes' | 'organizationId'>;

/** Never more than there is, should the capacity have shrunk meanwhile. */
function freedShare<T extends Share>(
  { organizationId, ...share }: T,
  takenBytes: Holding['takenBytes'][number],
  isShared: boolean,
): T {
  const freeMemoryBytes = Math.min(share.memoryBytes, share.freeMemoryBytes + takenBytes);
  return { ...share, freeMemoryBytes, ...(isShared && { organizationId }) } as T;
}

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
