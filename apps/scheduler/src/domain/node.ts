import type { Id } from '@ostro/kernel';
import {
  type AcceleratorSnapshot,
  checkNode,
  type NodeSnapshot,
  type NodeState,
  type ReplicaOnNode,
} from '@ostro/placement';

/** What the operator says about a node. Death is not said, it is noticed. */
export type OperatorState = Exclude<NodeState, 'dead'>;

/** A machine with accelerators, as its last report and identity say. */
export interface Node {
  readonly id: Id<'nod'>;
  readonly organizationId: Id<'org'>;
  readonly name: string;
  readonly site: Site;
  readonly operatorState: OperatorState;
  readonly isDead: boolean;
  /** Raised whenever the replicas it should run change. */
  readonly generation: bigint;
  readonly inventory: Inventory;
  /** By replica, as of the last report. */
  readonly loads: Readonly<Record<string, ReplicaLoad>>;
  readonly address: NodeAddress | null;
  readonly agentVersion: string;
  /** How many reports arrived; silence is this number standing still. */
  readonly reportNumber: bigint;
  readonly reportedAt: Date | null;
}

/** What an agent counts of the requests of one replica. */
export interface ReplicaLoad {
  readonly running: number;
  /** Since its agent process started. */
  readonly begun: number;
}

/** Where it stands: identity's word, never the node's own, because residency depends on it. */
export interface Site {
  readonly siteId: string;
  readonly country: string;
  readonly operator: string;
  readonly certifications: readonly string[];
}

export type NodeAddress = { readonly host: string; readonly port: number } | { readonly tunnelNodeId: string };

export interface Inventory {
  readonly accelerators: readonly InventoryAccelerator[];
  readonly cpuMilli: number;
  readonly hostMemoryBytes: number;
  readonly cachedModelDigests: readonly string[];
  readonly runtimes: readonly string[];
}

export interface InventoryAccelerator {
  readonly acceleratorId: string;
  readonly model: string;
  readonly memoryBytes: number;
  /** What of it may be promised at all: foreign processes are taken off. */
  readonly offeredBytes: number;
  readonly island: string;
  readonly isHealthy: boolean;
  readonly isSimulated: boolean;
}

export const EMPTY_INVENTORY: Inventory = {
  accelerators: [],
  cpuMilli: 0,
  hostMemoryBytes: 0,
  cachedModelDigests: [],
  runtimes: [],
};

/** What a replica holds on a node, from its placement until its agent confirms that it is gone. */
export interface Allocation {
  readonly replicaId: Id<'rep'>;
  readonly deploymentId: Id<'dep'>;
  readonly organizationId: Id<'org'>;
  readonly nodeId: Id<'nod'>;
  readonly acceleratorIds: readonly string[];
  readonly memoryBytesEach: number;
  readonly cpuMilli: number;
}

export function stateOf({ isDead, operatorState }: Pick<Node, 'isDead' | 'operatorState'>): NodeState {
  return isDead ? 'dead' : operatorState;
}

/** The node as placement sees it: what the agent offers, less what our books have promised. */
export function snapshotOf(node: Node, allocations: readonly Allocation[]): NodeSnapshot {
  const { inventory } = node;
  const cpuTaken = allocations.reduce((sum, { cpuMilli }) => sum + cpuMilli, 0);
  return {
    nodeId: node.id,
    ...node.site,
    labels: {},
    taints: [],
    state: stateOf(node),
    cpuMilli: { capacity: inventory.cpuMilli, free: Math.max(0, inventory.cpuMilli - cpuTaken) },
    hostMemoryBytes: { capacity: inventory.hostMemoryBytes, free: inventory.hostMemoryBytes },
    accelerators: inventory.accelerators.map((accelerator) => acceleratorOf(accelerator, allocations)),
    cachedModelDigests: { vram: [], hostRam: [], disk: inventory.cachedModelDigests },
    replicas: allocations.map(replicaOf),
    runtimes: inventory.runtimes,
  };
}

/** Enough to see it go; every replica is of one priority today. */
function replicaOf({ replicaId, deploymentId, ...allocation }: Allocation): ReplicaOnNode {
  const { acceleratorIds, memoryBytesEach, cpuMilli } = allocation;
  const takenBytes = acceleratorIds.map(() => memoryBytesEach);
  return {
    replicaId,
    deploymentId,
    holding: { cpuMilli, hostMemoryBytes: 0, acceleratorIds, takenBytes, priority: 0 },
  };
}

function acceleratorOf(accelerator: InventoryAccelerator, allocations: readonly Allocation[]): AcceleratorSnapshot {
  const { acceleratorId, model, memoryBytes, offeredBytes, island, isHealthy } = accelerator;
  const shares = allocations.filter(({ acceleratorIds }) => acceleratorIds.includes(acceleratorId));
  const taken = shares.reduce((sum, { memoryBytesEach }) => sum + memoryBytesEach, 0);
  const [holder] = shares;
  return {
    acceleratorId,
    model,
    memoryBytes,
    freeMemoryBytes: Math.max(0, Math.min(memoryBytes, offeredBytes) - taken),
    healthy: isHealthy,
    ...(island !== '' && { island }),
    ...(holder && { organizationId: holder.organizationId }),
  };
}

/**
 * Holds a report to what placement relies on, so that one broken agent costs one node.
 * @throws DomainError INVALID_ARGUMENT (INVALID_NODE_SNAPSHOT) naming the field
 */
export function checkReported(node: Node): void {
  checkNode(snapshotOf(node, []));
}

/** Whether something may fit now that did not fit before, or the other way round. */
export function changesCapacity(before: Node, after: Node): boolean {
  return stateOf(before) !== stateOf(after) || JSON.stringify(before.inventory) !== JSON.stringify(after.inventory);
}
