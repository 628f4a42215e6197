import { nodeV1, schedulingV1 } from '@ostro/contracts';
import type { RuntimeKind } from '@ostro/placement';
import {
  type Allocation,
  type Inventory,
  type InventoryAccelerator,
  type Node,
  type NodeAddress,
  type OperatorState,
  type ReplicaLoad,
  snapshotOf,
  stateOf,
} from '../domain/node.ts';

const RUNTIMES: Readonly<Record<RuntimeKind, schedulingV1.RuntimeKind>> = {
  'llama-cpp': schedulingV1.RuntimeKind.RUNTIME_KIND_LLAMA_CPP,
  simulated: schedulingV1.RuntimeKind.RUNTIME_KIND_SIMULATED,
  vllm: schedulingV1.RuntimeKind.RUNTIME_KIND_VLLM,
};

const STATES = {
  ready: schedulingV1.NodeState.NODE_STATE_READY,
  cordoned: schedulingV1.NodeState.NODE_STATE_CORDONED,
  draining: schedulingV1.NodeState.NODE_STATE_DRAINING,
  dead: schedulingV1.NodeState.NODE_STATE_DEAD,
} as const;

export function runtimeToProto(runtime: RuntimeKind): schedulingV1.RuntimeKind {
  return RUNTIMES[runtime];
}

/** Undefined for none, and for one that this version does not know. */
export function runtimeFromProto(runtime: schedulingV1.RuntimeKind): RuntimeKind | undefined {
  return (Object.keys(RUNTIMES) as RuntimeKind[]).find((kind) => RUNTIMES[kind] === runtime);
}

/** Undefined for what an operator cannot say. */
export function operatorStateFromProto(state: schedulingV1.NodeState): OperatorState | undefined {
  return (['ready', 'cordoned', 'draining'] as const).find((name) => STATES[name] === state);
}

export function inventoryFromProto(inventory: nodeV1.Inventory): Inventory {
  return {
    accelerators: inventory.accelerators.map(acceleratorFromProto),
    cpuMilli: inventory.cpuMilli,
    hostMemoryBytes: Number(inventory.hostMemoryBytes),
    cachedModelDigests: inventory.cachedModelDigests.toSorted(),
    runtimes: inventory.runtimes.flatMap((runtime) => runtimeFromProto(runtime) ?? []),
  };
}

function acceleratorFromProto(accelerator: schedulingV1.Accelerator): InventoryAccelerator {
  return {
    acceleratorId: accelerator.acceleratorId,
    model: accelerator.model,
    memoryBytes: Number(accelerator.memoryBytes),
    offeredBytes: Number(accelerator.freeMemoryBytes),
    island: accelerator.island,
    isHealthy: accelerator.healthy,
    isSimulated: accelerator.simulated,
  };
}

export function loadsFromProto(replicas: readonly nodeV1.ObservedReplica[]): Readonly<Record<string, ReplicaLoad>> {
  return Object.fromEntries(
    replicas.map(({ replicaId, runningRequests, begunRequests }) => [
      replicaId,
      { running: runningRequests, begun: Number(begunRequests) },
    ]),
  );
}

/** Null while gateways have no way to reach it. */
export function addressFromProto(address: schedulingV1.ReplicaAddress | undefined): NodeAddress | null {
  switch (address?.address?.$case) {
    case 'direct':
      return { host: address.address.direct.host, port: address.address.direct.port };
    case 'tunnel':
      return { tunnelNodeId: address.address.tunnel.nodeId };
    case undefined:
      return null;
  }
}

export function nodeToProto(node: Node, allocations: readonly Allocation[]): schedulingV1.Node {
  const { cpuMilli, accelerators } = snapshotOf(node, allocations);
  const free = new Map(accelerators.map(({ acceleratorId, freeMemoryBytes }) => [acceleratorId, freeMemoryBytes]));
  return {
    nodeId: node.id,
    name: node.name,
    organizationId: node.organizationId,
    ...node.site,
    certifications: [...node.site.certifications],
    state: STATES[stateOf(node)],
    accelerators: node.inventory.accelerators.map((accelerator) => ({
      acceleratorId: accelerator.acceleratorId,
      model: accelerator.model,
      memoryBytes: BigInt(accelerator.memoryBytes),
      freeMemoryBytes: BigInt(free.get(accelerator.acceleratorId) ?? 0),
      island: accelerator.island,
      healthy: accelerator.isHealthy,
      simulated: accelerator.isSimulated,
    })),
    cpuMilli: cpuMilli.capacity,
    freeCpuMilli: cpuMilli.free,
    hostMemoryBytes: BigInt(node.inventory.hostMemoryBytes),
    agentVersion: node.agentVersion,
    lastReportTime: node.reportedAt ?? undefined,
    replicas: allocations.length,
  };
}
