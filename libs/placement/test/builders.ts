import type { Id } from '@ostro/kernel';
import {
  type AcceleratorSnapshot,
  ClusterSnapshot,
  type Decision,
  type NodeSnapshot,
  type Placement,
  type PlacementRequest,
  type Unschedulable,
} from '../src/index.ts';

export const GIB = 2 ** 30;
export const H100 = 'H100-80GB';

export const nodeId = (name: number | string): Id<'nod'> => `nod_${String(name).padStart(4, '0')}`;
export const organizationId = (name: number | string): Id<'org'> => `org_${name}`;
export const deploymentId = (name: number | string): Id<'dep'> => `dep_${name}`;
export const replicaId = (name: number | string): Id<'rep'> => `rep_${name}`;

export function anAccelerator(overrides: Partial<AcceleratorSnapshot> = {}): AcceleratorSnapshot {
  const memoryBytes = overrides.memoryBytes ?? 80 * GIB;
  return {
    acceleratorId: 'GPU-0',
    model: H100,
    memoryBytes,
    freeMemoryBytes: memoryBytes,
    computeCapability: '9.0',
    island: 'island-0',
    healthy: true,
    ...overrides,
  };
}

/** The pseudo-accelerator of a machine without GPUs. */
export function aCpu(overrides: Partial<AcceleratorSnapshot> = {}): AcceleratorSnapshot {
  return {
    acceleratorId: 'cpu',
    model: 'CPU',
    memoryBytes: 8 * GIB,
    freeMemoryBytes: 8 * GIB,
    healthy: true,
    ...overrides,
  };
}

/** `count` equal accelerators of one island. */
export function accelerators(count: number, overrides: Partial<AcceleratorSnapshot> = {}): AcceleratorSnapshot[] {
  return Array.from({ length: count }, (_, at) => anAccelerator({ acceleratorId: `GPU-${at}`, ...overrides }));
}

export function aNode(overrides: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    nodeId: nodeId(1),
    siteId: 'par-1',
    country: 'FR',
    operator: 'Ostro SAS',
    certifications: ['HDS', 'ISO-27001'],
    labels: {},
    taints: [],
    state: 'ready',
    cpuMilli: { capacity: 64_000, free: 64_000 },
    hostMemoryBytes: { capacity: 512 * GIB, free: 512 * GIB },
    accelerators: accelerators(8),
    cachedModelDigests: { vram: [], hostRam: [], disk: [] },
    replicas: [],
    ...overrides,
  };
}

export function aRequest(overrides: Partial<PlacementRequest> = {}): PlacementRequest {
  return {
    replicaId: replicaId(1),
    organizationId: organizationId(1),
    deploymentId: deploymentId(1),
    modelDigest: 'sha256:model',
    accelerator: { models: [], count: 1, memoryBytesEach: 16 * GIB, exclusive: false },
    cpuMilli: 1000,
    hostMemoryBytes: GIB,
    residency: { countries: [], operators: [], certifications: [] },
    tolerations: [],
    antiAffinity: 'none',
    ...overrides,
  };
}

/** A request that differs from `aRequest` in what it asks of accelerators. */
export function asking(accelerator: Partial<PlacementRequest['accelerator']>): PlacementRequest {
  return aRequest({ accelerator: { ...aRequest().accelerator, ...accelerator } });
}

export function aCluster(...nodes: readonly NodeSnapshot[]): ClusterSnapshot {
  return ClusterSnapshot.of({ generation: { epoch: 1n, generation: 7n }, nodes });
}

export function placed(decision: Decision): Placement {
  if (decision.kind === 'placement') return decision;
  throw new Error(`expected a placement, got: ${JSON.stringify(decision.reasons)}`);
}

export function refused(decision: Decision): Unschedulable {
  if (decision.kind === 'unschedulable') return decision;
  throw new Error(`expected a refusal, got node ${decision.nodeId}`);
}
