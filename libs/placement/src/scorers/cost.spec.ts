import { accelerators, aCluster, aNode, asking, GIB, nodeId } from '../../test/builders.ts';
import type { NodeSnapshot } from '../cluster/node.ts';
import type { Candidate } from '../stages.ts';
import { cost } from './cost.ts';

describe('cost', () => {
  const on = (node: NodeSnapshot): Candidate => ({ node, accelerators: [node.accelerators[0]!] });
  const priced = (pricePerHourMilliEuro: number, count = 8): Candidate =>
    on(aNode({ pricePerHourMilliEuro, accelerators: accelerators(count) }));
  const unpriced = on(aNode());
  const contextOf = (candidates: Candidate[]) =>
    aCluster(...candidates.map(({ node }, at) => ({ ...node, nodeId: nodeId(at) }))).context;
  const scores = (candidates: Candidate[], exclusive = false): number[] =>
    candidates.map(cost.prepare(asking({ memoryBytesEach: 20 * GIB, exclusive }), contextOf(candidates)));

  it.each([
    { name: 'twice as dear scores half', candidates: [priced(10_000), priced(20_000)], expected: [1000, 500] },
    {
      name: 'the same price for half the memory is twice as dear',
      candidates: [priced(10_000), priced(10_000, 4)],
      expected: [1000, 500],
    },
    {
      name: 'a node without a price is never the bargain',
      candidates: [unpriced, priced(90_000)],
      expected: [0, 1000],
    },
    { name: 'nobody has a price', candidates: [unpriced, unpriced], expected: [0, 0] },
    { name: 'free of charge', candidates: [priced(0), priced(1000)], expected: [1000, 0] },
  ])('$name', ({ candidates, expected }) => {
    expect(scores(candidates)).toEqual(expected);
  });

  it('calls nothing free, even of a model that nobody has', () => {
    const request = asking({ models: ['none-such'], count: 0, memoryBytesEach: 0 });
    const score = cost.prepare(request, contextOf([priced(10_000)]));
    expect(score({ ...priced(10_000), accelerators: [] })).toBe(1000);
  });

  it('counts an exclusive replica as the whole accelerator', () => {
    const big = on(aNode({ pricePerHourMilliEuro: 1000, accelerators: accelerators(1) }));
    const small = on(aNode({ pricePerHourMilliEuro: 500, accelerators: accelerators(1, { memoryBytes: 20 * GIB }) }));
    expect(scores([big, small])).toEqual([1000, 500]);
    expect(scores([big, small], true)).toEqual([250, 500]);
  });
});
