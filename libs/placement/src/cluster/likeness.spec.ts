import { aNode, anAccelerator, nodeId, replicaId } from '../../test/builders.ts';
import { likenessOf } from './likeness.ts';
import type { NodeSnapshot } from './node.ts';

const one = aNode({ accelerators: [anAccelerator()] });

describe('likeness of nodes', () => {
  it.each<[string, Partial<NodeSnapshot>]>([
    ['another id', { nodeId: nodeId(9) }],
    ['another site', { siteId: 'elsewhere' }],
    ['other labels', { labels: { rack: 'r9' } }],
    ['a replica', { replicas: [{ replicaId: replicaId(1), deploymentId: 'dep_1' as never }] }],
    ['another name of its accelerator', { accelerators: [anAccelerator({ acceleratorId: 'GPU-9' })] }],
  ])('is equal in spite of %s', (_name, overrides) => {
    expect(likenessOf({ ...one, ...overrides })).toBe(likenessOf(one));
  });

  it.each<[string, Partial<NodeSnapshot>]>([
    ['a country', { country: 'SE' }],
    ['a core that is taken', { cpuMilli: { ...one.cpuMilli, free: one.cpuMilli.free - 1000 } }],
    ['a byte that is taken', { accelerators: [anAccelerator({ freeMemoryBytes: 1 })] }],
    ['weights it holds', { cachedModelDigests: { ...one.cachedModelDigests, disk: ['sha256:1'] } }],
    ['a field that nobody has heard of', { cooling: 'water' } as never],
  ])('tells nodes apart by %s', (_name, overrides) => {
    expect(likenessOf({ ...one, ...overrides })).not.toBe(likenessOf(one));
  });
});
