import { cores, freeGiB, milliOf, neededGiB } from '../amounts.ts';
import { type Filter, NONE } from '../stages.ts';

/** The replica's process needs cores and host memory beside its accelerators; a node without them strands its GPUs. */
export const cpuAndHostMemoryFit: Filter = {
  name: 'cpu-and-host-memory-fit',
  mandatory: true,
  keep: (request, node, accelerators) =>
    node.cpuMilli.free >= request.cpuMilli && node.hostMemoryBytes.free >= request.hostMemoryBytes
      ? accelerators
      : NONE,
  refusal: (request, node) => ({
    missing: Math.max(
      shortfall(request.cpuMilli, node.cpuMilli.free),
      shortfall(request.hostMemoryBytes, node.hostMemoryBytes.free),
    ),
    text: () =>
      `node ${node.nodeId} has ${cores(node.cpuMilli.free)} and ${freeGiB(node.hostMemoryBytes.free)} of host memory ` +
      `free, ${cores(request.cpuMilli)} and ${neededGiB(request.hostMemoryBytes)} needed`,
  }),
};

/** Thousandths of the need that are missing, so that cores and bytes can be compared. */
function shortfall(needed: number, free: number): number {
  return milliOf(Math.max(0, needed - free), needed);
}
