import type { Kind, RivalCluster } from './rival-cluster.ts';
import type { Score } from './scored-placer.ts';

const USED_GPUS = 100;
const FREE_GPUS_OF_A_USED_NODE = 50;
const FREE_NODE = 33;

/** GPUs in use before free GPUs, those of a node in use before those of a free node; the fuller the better. */
export function packing(cluster: RivalCluster): Score {
  return (node, kind) => ({ score: scoreOf(cluster, node, kind), gpu: cluster.tightestGpu(node, kind.gpuMilli) });
}

function scoreOf(cluster: RivalCluster, node: number, { gpus, gpuMilli }: Kind): number {
  const start = node * cluster.stride;
  const free = cluster.free.slice(start, start + cluster.gpus[node]!).sort();
  const whole = free.filter((milli) => milli === 1000).length;
  if (whole === free.length) return Math.max(FREE_NODE - whole, whole);
  const taken = free.filter((milli) => milli >= gpuMilli).slice(0, gpus);
  const wholeTaken = taken.filter((milli) => milli === 1000).length;
  if (wholeTaken > 0) return Math.max(FREE_GPUS_OF_A_USED_NODE - wholeTaken, FREE_NODE);
  const freePercent = taken.reduce((sum, milli) => sum + Math.floor(milli / 10), 0);
  return Math.max(USED_GPUS - Math.floor(freePercent / 10), FREE_GPUS_OF_A_USED_NODE);
}
