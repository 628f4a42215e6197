import type { RivalCluster } from './rival-cluster.ts';
import type { Score } from './scored-placer.ts';

/** The largest node that the published runs assume. */
const MOST_CPU_MILLI = 128_000;
const MOST_GPU_MILLI = 8_000;

/** Least left over: 100 x (1 - half of the cores left / 128 - half of the GPUs left / 8), rounded down. */
export function bestFit(cluster: RivalCluster): Score {
  return (node, { cpuMilli, gpus, gpuMilli }) => {
    const cpuLeft = (cluster.cpuMilli[node]! - cpuMilli) / MOST_CPU_MILLI;
    const gpuLeft = (cluster.freeMilli[node]! - gpus * gpuMilli) / MOST_GPU_MILLI;
    return {
      score: Math.floor((1 - (cpuLeft * 0.5 + gpuLeft * 0.5)) * 100),
      gpu: cluster.tightestGpu(node, gpuMilli),
    };
  };
}
