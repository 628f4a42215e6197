import { milliOf } from '../amounts.ts';
import { type AcceleratorSnapshot, placeableAccelerators } from '../cluster/node.ts';
import type { Candidate, Scorer } from '../stages.ts';

/**
 * Keeps big holes big, so that large models still fit tomorrow.
 *
 *     score = 1000 - (hole + broken) / 2
 *     hole   = memory left over on the chosen accelerators / their memory, in thousandths
 *     broken = untouched accelerators left in their island / size of the island, in thousandths; 0 where nothing
 *              untouched is taken
 *
 * Intent: fill started accelerators before fresh ones, small accelerators before big ones, started islands before whole
 * ones. Source: best fit with the aim of FGD (Weng et al., USENIX ATC'23: place where the least becomes useless); unlike
 * FGD it does not know the mix of requests to come and does not see GPUs stranded for lack of CPU.
 */
export const leastFragmentation: Scorer = {
  name: 'least-fragmentation',
  prepare: (request) => {
    const needed = request.accelerator.memoryBytesEach;
    return (candidate) => 1000 - Math.floor((hole(candidate, needed) + broken(candidate)) / 2);
  },
};

function hole({ accelerators }: Candidate, needed: number): number {
  let left = 0;
  let memory = 0;
  for (const { freeMemoryBytes, memoryBytes } of accelerators) {
    left += milliOf(freeMemoryBytes - needed, memoryBytes);
    memory += 1;
  }
  return memory === 0 ? 0 : Math.floor(left / memory);
}

function broken({ node, accelerators }: Candidate): number {
  const [first] = accelerators;
  if (first?.island === undefined || !accelerators.some(isUntouched)) return 0;
  let size = 0;
  let untouched = 0;
  for (const each of placeableAccelerators(node)) {
    if (each.island !== first.island) continue;
    size += 1;
    if (isUntouched(each)) untouched += 1;
  }
  return milliOf(untouched - accelerators.filter(isUntouched).length, size);
}

function isUntouched({ organizationId }: AcceleratorSnapshot): boolean {
  return organizationId === undefined;
}
