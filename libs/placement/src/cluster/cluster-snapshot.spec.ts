import { accelerators, aCluster, anAccelerator, aNode, GIB, H100, nodeId } from '../../test/builders.ts';
import { placeableAccelerators, type AcceleratorSnapshot, type NodeSnapshot } from './node.ts';

describe('cluster snapshot', () => {
  it('is in order of id, whatever order storage gave', () => {
    const [a, b] = [
      aNode({ nodeId: nodeId(1) }),
      aNode({ nodeId: nodeId(2), accelerators: accelerators(3).reverse() }),
    ];
    const cluster = aCluster(b, a);
    expect(cluster.nodes.map((node) => node.nodeId)).toEqual([nodeId(1), nodeId(2)]);
    expect(cluster.node(nodeId(2))?.accelerators.map((each) => each.acceleratorId)).toEqual([
      'GPU-0',
      'GPU-1',
      'GPU-2',
    ]);
  });

  it('never changes: withNode answers another', () => {
    const before = aCluster(aNode());
    const after = before.withNode(aNode({ state: 'dead' }));
    expect([before.nodes[0]?.state, after.nodes[0]?.state]).toEqual(['ready', 'dead']);
    expect(() => before.withNode(aNode({ nodeId: nodeId(9) }))).toThrow(/is not in this snapshot/);
  });

  it('refuses a node that is listed twice', () => {
    expect(() => aCluster(aNode(), aNode())).toThrow(expect.objectContaining({ reason: 'DUPLICATE_NODE' }));
  });

  const one = (overrides: Partial<AcceleratorSnapshot>): Partial<NodeSnapshot> => ({
    accelerators: [anAccelerator(overrides)],
  });
  it.each<[string, Partial<NodeSnapshot>, RegExp]>([
    ['NaN', { cpuMilli: { capacity: Number.NaN, free: 0 } }, /cpuMilli capacity must be a whole number/],
    ['a negative', { cpuMilli: { capacity: 1000, free: -1 } }, /cpuMilli free must be/],
    ['more free than there is', { hostMemoryBytes: { capacity: 1, free: 2 } }, /hostMemoryBytes free must be/],
    ['infinite memory', one({ memoryBytes: Number.POSITIVE_INFINITY }), /accelerators\[GPU-0\] capacity/],
    ['absurd memory', one({ memoryBytes: 2 ** 43 }), /accelerators\[GPU-0\] capacity/],
    ['half a byte', one({ freeMemoryBytes: 0.5 }), /accelerators\[GPU-0\] free/],
    ['no id', { nodeId: '' as never }, /nodeId must not be empty/],
    ['an accelerator without a model', one({ model: '' }), /needs an acceleratorId and a model/],
    ['a compute capability in words', one({ computeCapability: 'hopper' }), /must look like "9.0"/],
    ['a negative price', { pricePerHourMilliEuro: -1 }, /pricePerHourMilliEuro/],
    ['an accelerator twice', { accelerators: [anAccelerator(), anAccelerator()] }, /lists GPU-0 twice/],
    [
      'a slice bigger than its parent',
      one({ migSlices: [{ sliceId: 'MIG-0', profile: '7g.80gb', memoryBytes: 81 * GIB, freeMemoryBytes: 0 }] }),
      /migSlices\[MIG-0\] capacity/,
    ],
  ])('refuses %s and names the node', (_name, overrides, message) => {
    expect(() => aCluster(aNode(overrides))).toThrow(message);
  });

  it('offers MIG slices in place of their parent, under a model of their own and without an island', () => {
    const slice = { profile: '1g.10gb', memoryBytes: 10 * GIB, freeMemoryBytes: 10 * GIB };
    const migSlices = [0, 1].map((at) => ({ ...slice, sliceId: `MIG-${at}` }));
    const node = aNode({ accelerators: [anAccelerator({ migSlices }), anAccelerator({ acceleratorId: 'GPU-1' })] });
    const offered = placeableAccelerators(node);
    expect(offered.map((each) => [each.acceleratorId, each.model, each.island])).toEqual([
      ['MIG-0', `${H100}:1g.10gb`, undefined],
      ['MIG-1', `${H100}:1g.10gb`, undefined],
      ['GPU-1', H100, 'island-0'],
    ]);
  });
});
