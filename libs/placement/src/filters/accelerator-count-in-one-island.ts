import { islandsOf } from '../candidates.ts';
import { type Filter, NONE } from '../stages.ts';

/**
 * Keeps islands with enough accelerators for the whole tensor-parallel group: ranks exchange activations at every layer,
 * so a group across islands or models runs at the speed of its slowest link. Last of the filters, because it counts
 * what the others let through.
 */
export const acceleratorCountInOneIsland: Filter = {
  name: 'accelerator-count-in-one-island',
  mandatory: true,
  keep: ({ accelerator: { count } }, _node, accelerators) => {
    if (count <= 1) return accelerators;
    if (accelerators.length < count) return NONE;
    const islands = islandsOf(accelerators);
    return islands.length === 1 ? accelerators : islands.filter((island) => island.length >= count).flat();
  },
  refusal: ({ accelerator: { count } }, node, accelerators) => {
    const best = islandsOf(accelerators).reduce((a, b) => (b.length > a.length ? b : a));
    const has = (): string => `${best.length} x ${best[0]?.model}`;
    return {
      missing: count - best.length,
      text: () => `node ${node.nodeId} has ${has()} that fits in its best island, ${count} needed`,
    };
  },
};
