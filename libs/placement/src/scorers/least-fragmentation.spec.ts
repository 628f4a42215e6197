import { aCluster, accelerators, anAccelerator, aNode, asking, GIB, organizationId } from '../../test/builders.ts';
import type { AcceleratorSnapshot } from '../cluster/node.ts';
import { leastFragmentation } from './least-fragmentation.ts';

/** Before anything has arrived; what a demand makes of it is in `valuation.spec.ts`. */
describe('least-fragmentation', () => {
  const mixed = aCluster(
    aNode({ nodeId: 'nod_80', accelerators: [anAccelerator()] }),
    aNode({ nodeId: 'nod_24', accelerators: [anAccelerator({ model: 'L4', memoryBytes: 24 * GIB })] }),
  );
  const score = (memoryBytesEach: number, chosen: AcceleratorSnapshot[], all = chosen): number => {
    const request = asking({ count: chosen.length, memoryBytesEach });
    return leastFragmentation.prepare(
      request,
      mixed.context,
    )({
      node: aNode({ accelerators: all }),
      accelerators: chosen,
    });
  };
  const fresh = (id: number, memoryGiB = 80): AcceleratorSnapshot =>
    anAccelerator({ acceleratorId: `GPU-${id}`, memoryBytes: memoryGiB * GIB });
  const started = anAccelerator({ freeMemoryBytes: 20 * GIB, organizationId: organizationId(1) });

  it('is a whole number of steps of 5 below 1000', () => {
    // 80 of a mean 52 GiB: half is worth 1 - 0.5^2 of it as a hole, and a tenth of what the prior demand loses.
    const exact = 1000 - (750 + 100 * (1 / 4)) * (80 / 52);
    expect(score(40 * GIB, [fresh(0)])).toBe(1000 - 5 * Math.floor((1000 - exact) / 20));
  });

  it('fills a started accelerator before a fresh one', () => {
    expect(score(16 * GIB, [started])).toBeGreaterThan(score(16 * GIB, [fresh(0)]));
  });

  it('takes the small accelerator for the small model', () => {
    expect(score(16 * GIB, [fresh(0, 24)])).toBeGreaterThan(score(16 * GIB, [fresh(0, 80)]));
  });

  it('leaves whole islands whole', () => {
    const island = accelerators(8);
    const broken = island.map((each, at) => (at < 6 ? { ...each, freeMemoryBytes: 0 } : each));
    expect(score(80 * GIB, broken.slice(6), broken)).toBeGreaterThan(score(80 * GIB, island.slice(0, 2), island));
  });
});
