import { freeGiB, neededGiB } from '../amounts.ts';
import { type Filter, narrowed } from '../stages.ts';

/** Keeps accelerators with room for the VRAM need of one rank. The need comes from the model's facts, see `vramNeed`. */
export const vramFits: Filter = {
  name: 'vram-fits',
  mandatory: true,
  keep: ({ accelerator: { memoryBytesEach } }, _node, accelerators) =>
    narrowed(accelerators, ({ freeMemoryBytes }) => freeMemoryBytes >= memoryBytesEach),
  refusal: ({ accelerator: { memoryBytesEach } }, node, accelerators) => {
    const best = accelerators.reduce((a, b) => (b.freeMemoryBytes > a.freeMemoryBytes ? b : a));
    return {
      missing: memoryBytesEach - best.freeMemoryBytes,
      text: () =>
        `node ${node.nodeId} has ${freeGiB(best.freeMemoryBytes)} free on its best ${best.model}, ` +
        `${neededGiB(memoryBytesEach)} needed`,
    };
  },
};
