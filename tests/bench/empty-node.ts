import type { NodeSnapshot } from '@ostro/placement';

/** Equal accelerators of one node. */
export interface EqualAccelerators {
  readonly model: string;
  readonly count: number;
  readonly memoryBytes: number;
  readonly computeCapability?: string;
  /** How many of them a fast link joins; all unless said. */
  readonly island?: number;
}

type Size = Pick<NodeSnapshot, 'nodeId' | 'siteId' | 'country' | 'operator'> & {
  readonly cpuMilli: number;
  readonly hostMemoryBytes: number;
};

/** A ready node that nothing runs on, with what else a bench says of it. */
export function emptyNode(
  { cpuMilli, hostMemoryBytes, ...where }: Size,
  { model, count, memoryBytes, island = count, ...device }: EqualAccelerators,
  special: Partial<NodeSnapshot> = {},
): NodeSnapshot {
  return {
    ...where,
    certifications: [],
    labels: {},
    taints: [],
    state: 'ready',
    cpuMilli: { capacity: cpuMilli, free: cpuMilli },
    hostMemoryBytes: { capacity: hostMemoryBytes, free: hostMemoryBytes },
    accelerators: Array.from({ length: count }, (_, gpu) => ({
      ...device,
      acceleratorId: `GPU-${String(gpu).padStart(4, '0')}`,
      model,
      memoryBytes,
      freeMemoryBytes: memoryBytes,
      island: `island-${Math.floor(gpu / island)}`,
      healthy: true,
    })),
    cachedModelDigests: { vram: [], hostRam: [], disk: [] },
    replicas: [],
    ...special,
  };
}
