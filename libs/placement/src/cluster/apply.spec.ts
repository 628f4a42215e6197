import {
  aCluster,
  anAccelerator,
  aNode,
  aRequest,
  asking,
  GIB,
  nodeId,
  organizationId,
  placed,
  replicaId,
} from '../../test/builders.ts';
import { place } from '../place.ts';
import { DEFAULT_PROFILE } from '../profile.ts';
import type { PlacementRequest } from '../request.ts';
import { apply } from './apply.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';

describe('apply', () => {
  const decide = (request: PlacementRequest, cluster: ClusterSnapshot) =>
    placed(place(request, cluster, DEFAULT_PROFILE, 1));

  it('takes what was asked for, and only that', () => {
    const before = aCluster(aNode(), aNode({ nodeId: nodeId(2), state: 'dead' }));
    const placement = decide(aRequest({ cpuMilli: 1500, hostMemoryBytes: 2 * GIB }), before);
    const after = apply(before, placement);
    const node = after.nodes[0]!;
    expect(node.cpuMilli.free).toBe(62_500);
    expect(node.hostMemoryBytes.free).toBe(510 * GIB);
    expect(node.replicas).toMatchObject([{ replicaId: replicaId(1), deploymentId: 'dep_1' }]);
    expect(node.accelerators.map((each) => each.freeMemoryBytes / GIB)).toEqual([64, 80, 80, 80, 80, 80, 80, 80]);
    expect(node.accelerators.map((each) => each.organizationId)).toEqual([
      organizationId(1),
      ...Array(7).fill(undefined),
    ]);
    expect(after.nodes[1]).toEqual(before.nodes[1]);
  });

  it('leaves nothing free beside an exclusive replica', () => {
    const before = aCluster(aNode());
    const after = apply(before, decide(asking({ exclusive: true }), before));
    expect(after.nodes[0]?.accelerators[0]?.freeMemoryBytes).toBe(0);
  });

  it('takes a MIG slice and leaves its neighbour to another organization', () => {
    const slice = { profile: '1g.10gb', memoryBytes: 10 * GIB, freeMemoryBytes: 10 * GIB };
    const migSlices = ['MIG-0', 'MIG-1'].map((sliceId) => ({ ...slice, sliceId }));
    const request = asking({ memoryBytesEach: 8 * GIB });
    const before = aCluster(aNode({ accelerators: [anAccelerator({ migSlices })] }));
    const once = apply(before, decide(request, before));
    const other = { ...request, replicaId: replicaId(2), organizationId: organizationId(2) };
    const twice = apply(once, decide(other, once));
    expect(
      twice.nodes[0]?.accelerators[0]?.migSlices?.map((each) => [each.organizationId, each.freeMemoryBytes]),
    ).toEqual([
      [organizationId(1), 2 * GIB],
      [organizationId(2), 2 * GIB],
    ]);
  });

  it.each([
    ['the same replica twice', (cluster: ClusterSnapshot) => apply(cluster, decide(aRequest(), cluster))],
    ['a node that is gone', () => aCluster(aNode({ nodeId: nodeId(2) }))],
    ['accelerators that are gone', () => aCluster(aNode({ accelerators: [] }))],
    ['cores that were taken', () => aCluster(aNode({ cpuMilli: { capacity: 1000, free: 999 } }))],
    ['memory that was taken', () => aCluster(aNode({ accelerators: [anAccelerator({ freeMemoryBytes: GIB })] }))],
    [
      'an accelerator that another organization took',
      () => aCluster(aNode({ accelerators: [anAccelerator({ organizationId: organizationId(2) })] })),
    ],
  ])('refuses %s', (_name, change) => {
    const before = aCluster(aNode());
    const placement = decide(aRequest(), before);
    expect(() => apply(change(before), placement)).toThrow(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', reason: 'PLACEMENT_DOES_NOT_FIT' }),
    );
  });
});
