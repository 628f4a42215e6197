import type { Id } from '@ostro/kernel';
import type { PlacementRequest } from '../request.ts';

/** What one node offers at one moment, as the scheduler's books and the agent's report say together. */
export interface NodeSnapshot {
  readonly nodeId: Id<'nod'>;
  readonly siteId: string;
  /** ISO 3166-1 alpha-2 in capitals; empty while unknown, and then no restricted request may come here. */
  readonly country: string;
  /** Empty while unknown, with the same effect. */
  readonly operator: string;
  readonly certifications: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly state: NodeState;
  readonly cpuMilli: Amount;
  readonly hostMemoryBytes: Amount;
  readonly accelerators: readonly AcceleratorSnapshot[];
  readonly cachedModelDigests: CachedModelDigests;
  /** Every live or reserved replica: what `spread` counts. */
  readonly replicas: readonly ReplicaOnNode[];
  /** Whole node, thousandths of a euro; absent where nobody has priced it. */
  readonly pricePerHourMilliEuro?: number;
  readonly driverVersion?: string;
  /** Runtimes its agent can start; absent where nothing is said about them, and then nothing is refused for them. */
  readonly runtimes?: readonly string[];
}

/** Only a ready node takes new replicas. Who sets it: the operator (cordoned, draining), the heartbeat (dead). */
export type NodeState = 'ready' | 'cordoned' | 'draining' | 'dead';

export interface Amount {
  readonly capacity: number;
  readonly free: number;
}

/** Keeps away every replica that does not tolerate it. */
export interface Taint {
  readonly key: string;
  readonly value: string;
}

export interface ReplicaOnNode {
  readonly replicaId: Id<'rep'>;
  readonly deploymentId: Id<'dep'>;
  /** Absent where our books do not say: such a replica is counted, and never moved or preempted. */
  readonly holding?: Holding;
}

/** What a replica (or one member of its gang) takes of its node: enough to give it back. */
export interface Holding {
  readonly cpuMilli: number;
  readonly hostMemoryBytes: number;
  readonly acceleratorIds: readonly string[];
  /** Of each accelerator, in the same order: for an exclusive replica all that was free. */
  readonly takenBytes: readonly number[];
  /** Higher wins: only replicas of strictly lower priority make room for another. */
  readonly priority: number;
  /** What stopping it would cost, for example seconds of work lost; any one unit for the whole cluster, absent = 0. */
  readonly evictionLoss?: number;
  /** The question it was placed for; absent where only the books are known, and then it can leave but not move. */
  readonly request?: PlacementRequest;
}

/** How many replicas of a deployment the node runs. */
export function replicasOf(deploymentId: string, node: NodeSnapshot): number {
  let count = 0;
  for (const replica of node.replicas) if (replica.deploymentId === deploymentId) count += 1;
  return count;
}

/** Where a model's weights lie already, nearest tier first. */
export interface CachedModelDigests {
  readonly vram: readonly string[];
  readonly hostRam: readonly string[];
  readonly disk: readonly string[];
}

/** One GPU, or the memory set apart for models on a machine without one (model `CPU`). */
export interface AcceleratorSnapshot {
  /** The driver's own name for it (GPU-…, MIG-…): what the runtime is told to see. Unique within its node. */
  readonly acceleratorId: string;
  /** For example `H100-80GB`; `CPU` is the pseudo-accelerator. */
  readonly model: string;
  readonly memoryBytes: number;
  /**
   * The smaller of what our books and what the driver say, foreign processes and sleepers' residue taken off. 0 beside
   * an exclusive replica, however little of the memory it uses.
   */
  readonly freeMemoryBytes: number;
  /** `major.minor`, NVIDIA only. */
  readonly computeCapability?: string;
  /** Accelerators of one island reach each other fast enough for tensor parallelism; absent = alone. */
  readonly island?: string;
  readonly healthy: boolean;
  /** Who holds shares of it; absent while nobody does. */
  readonly organizationId?: Id<'org'>;
  /** Present when MIG is on: then only the slices can be taken, the parent's memory is no pool. */
  readonly migSlices?: readonly MigSlice[];
}

/** A hardware-isolated part of a GPU: the one way in which two organizations may use the same GPU. */
export interface MigSlice {
  readonly sliceId: string;
  /** The vendor's name, for example `1g.10gb`. */
  readonly profile: string;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly organizationId?: Id<'org'>;
}

/** Model of the pseudo-accelerator that stands for a machine's own memory and cores. */
export const CPU_MODEL = 'CPU';

/**
 * What can be taken on a node: its accelerators, with each MIG slice in place of its parent. A slice is asked for as
 * `H100-80GB:1g.10gb`, so that a request for the whole model never lands on a seventh of it, and has no island,
 * because slices do not reach each other over NVLink.
 */
export function placeableAccelerators(node: NodeSnapshot): readonly AcceleratorSnapshot[] {
  if (!node.accelerators.some((accelerator) => accelerator.migSlices !== undefined)) return node.accelerators;
  return node.accelerators.flatMap((accelerator) =>
    accelerator.migSlices === undefined
      ? accelerator
      : accelerator.migSlices.map((slice) => sliceAsAccelerator(accelerator, slice)),
  );
}

function sliceAsAccelerator(parent: AcceleratorSnapshot, slice: MigSlice): AcceleratorSnapshot {
  return {
    acceleratorId: slice.sliceId,
    model: `${parent.model}:${slice.profile}`,
    memoryBytes: slice.memoryBytes,
    freeMemoryBytes: slice.freeMemoryBytes,
    healthy: parent.healthy,
    ...(parent.computeCapability === undefined ? {} : { computeCapability: parent.computeCapability }),
    ...(slice.organizationId === undefined ? {} : { organizationId: slice.organizationId }),
  };
}
