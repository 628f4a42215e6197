import { accelerators, anAccelerator, aNode, asking, GIB, aCluster, organizationId } from '../../test/builders.ts';
import type { AcceleratorSnapshot } from '../cluster/node.ts';
import { leastFragmentation } from './least-fragmentation.ts';

describe('least-fragmentation', () => {
  const score = (memoryBytesEach: number, chosen: AcceleratorSnapshot[], all = chosen): number => {
    const request = asking({ count: chosen.length, memoryBytesEach });
    return leastFragmentation.prepare(
      request,
      aCluster().context,
    )({
      node: aNode({ accelerators: all }),
      accelerators: chosen,
    });
  };
  const fresh = (id: number, memoryGiB = 80): AcceleratorSnapshot =>
    anAccelerator({ acceleratorId: `GPU-${id}`, memoryBytes: memoryGiB * GIB });
  const started = anAccelerator({ freeMemoryBytes: 20 * GIB, organizationId: organizationId(1) });

  it.each([
    { name: 'a perfect fit', chosen: [fresh(0)], needed: 80, expected: 1000 },
    { name: 'half of a lone accelerator', chosen: [fresh(0)], needed: 40, expected: 750 },
    { name: 'the last quarter of a started one', chosen: [started], needed: 20, expected: 1000 },
  ])('gives $name $expected', ({ chosen, needed, expected }) => {
    expect(score(needed * GIB, chosen)).toBe(expected);
  });

  it('fills a started accelerator before a fresh one', () => {
    expect(score(16 * GIB, [started])).toBeGreaterThan(score(16 * GIB, [fresh(0)]));
  });

  it('takes the small accelerator for the small model', () => {
    expect(score(16 * GIB, [fresh(0, 24)])).toBeGreaterThan(score(16 * GIB, [fresh(0, 80)]));
  });

  it('leaves whole islands whole', () => {
    const island = accelerators(8);
    const broken = island.map((each, at) => (at < 6 ? { ...each, organizationId: organizationId(2) } : each));
    expect(score(80 * GIB, broken.slice(6), broken)).toBe(1000);
    expect(score(80 * GIB, island.slice(0, 2), island)).toBe(1000 - 375);
  });
});
