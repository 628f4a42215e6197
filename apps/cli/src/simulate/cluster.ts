import { seededIds } from '@ostro/kernel';
import type { NodeSnapshot } from '@ostro/placement';
import type { NodesDocument, PolicyDocument } from './policy-document.ts';

const GIB = 2 ** 30;
/** What a GPU server usually has beside each accelerator; a policy that is short of it says so. */
const CORES_PER_ACCELERATOR = 16;
const HOST_GIB_PER_ACCELERATOR = 128;

/** The nodes that a policy describes, ready and empty. Their ids are the same in every run. */
export function clusterOf({ cluster }: PolicyDocument): NodeSnapshot[] {
  const ids = seededIds(0);
  return cluster.nodes.flatMap((nodes) => Array.from({ length: nodes.count }, () => nodeOf(nodes, ids('nod'))));
}

function nodeOf(nodes: NodesDocument, nodeId: NodeSnapshot['nodeId']): NodeSnapshot {
  const cpuMilli = (nodes.cpuCores ?? CORES_PER_ACCELERATOR * nodes.accelerators) * 1_000;
  const hostBytes = Math.round((nodes.hostMemoryGiB ?? HOST_GIB_PER_ACCELERATOR * nodes.accelerators) * GIB);
  const memoryBytes = Math.round(nodes.memoryGiB * GIB);
  return {
    nodeId,
    siteId: 'simulated',
    country: nodes.country ?? '',
    operator: nodes.operator ?? '',
    certifications: nodes.certifications ?? [],
    labels: {},
    taints: [],
    state: 'ready',
    cpuMilli: { capacity: cpuMilli, free: cpuMilli },
    hostMemoryBytes: { capacity: hostBytes, free: hostBytes },
    accelerators: Array.from({ length: nodes.accelerators }, (_, at) => ({
      acceleratorId: `${nodeId}-${at}`,
      model: nodes.model,
      memoryBytes,
      freeMemoryBytes: memoryBytes,
      island: 'node',
      healthy: true,
    })),
    cachedModelDigests: { vram: [], hostRam: [], disk: [] },
    replicas: [],
    pricePerHourMilliEuro: milliEuro(nodes.pricePerHour),
  };
}

/** "28.00" as 28,000; the schema allows three decimals, so nothing is lost. */
export function milliEuro(price: string | number): number {
  return Math.round(Number(price) * 1_000);
}
