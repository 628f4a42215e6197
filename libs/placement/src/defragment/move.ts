import { DomainError, type Id } from '@ostro/kernel';
import { withMember } from '../cluster/apply.ts';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import type { NodeSnapshot, ReplicaOnNode } from '../cluster/node.ts';
import { release } from '../cluster/release.ts';
import type { Member } from '../decision.ts';
import type { PlacementRequest } from '../request.ts';

/** One replica to another node: started at its destination first, stopped at its source once it serves there. */
export interface Move {
  readonly replicaId: Id<'rep'>;
  readonly from: Member;
  readonly to: Member;
}

/** A replica that may move: our books hold the question it was placed for, and it stands on its own. */
export interface Movable {
  readonly replicaId: Id<'rep'>;
  readonly request: PlacementRequest;
  readonly at: Member;
}

/**
 * The replicas of a node that may move. A member of a gang stays, because the others talk to it; so does a replica that
 * only the books know, and everything on a node that is not ready: emptying that is a drain.
 */
export function movableOn(node: NodeSnapshot): readonly Movable[] {
  if (node.state !== 'ready') return [];
  return node.replicas.flatMap((replica) => {
    const request = replica.holding?.request;
    if (request === undefined || request.gang !== undefined || isTwice(node, replica)) return [];
    const { acceleratorIds } = replica.holding!;
    return [{ replicaId: replica.replicaId, request, at: { nodeId: node.nodeId, acceleratorIds } }];
  });
}

function isTwice({ replicas }: NodeSnapshot, { replicaId }: ReplicaOnNode): boolean {
  return replicas.filter((other) => other.replicaId === replicaId).length > 1;
}

export function moveOf({ replicaId, at }: Movable, { nodeId, acceleratorIds }: Member): Move {
  return { replicaId, from: at, to: { nodeId, acceleratorIds } };
}

/**
 * The cluster after a move, make before break: what it needs is taken at its destination while it still holds its source.
 * @throws DomainError FAILED_PRECONDITION when the cluster is no longer the one it was planned for: plan again.
 */
export function carryOut(snapshot: ClusterSnapshot, { replicaId, from, to }: Move): ClusterSnapshot {
  const source = snapshot.node(from.nodeId);
  const moving = source && movableOn(source).find((each) => each.replicaId === replicaId);
  if (moving === undefined) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'REPLICA_NOT_MOVABLE',
      `replica ${replicaId} cannot leave node ${from.nodeId}: it is not there or may not move; plan again on a newer snapshot`,
      { details: { nodeId: from.nodeId, replicaId } },
    );
  }
  return release(withMember(snapshot, moving.request, to), from.nodeId, replicaId);
}
