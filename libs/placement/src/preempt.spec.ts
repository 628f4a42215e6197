import fc from 'fast-check';
import { nodes, profile, request, requests, seed } from '../test/arbitraries.ts';
import { accelerators, aCluster, aNode, asking, GIB, nodeId, placed, refused, replicaId } from '../test/builders.ts';
import { apply } from './cluster/apply.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { type NodeSnapshot, placeableAccelerators } from './cluster/node.ts';
import { withoutReplicas } from './cluster/release.ts';
import { explain } from './explain.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE, type Profile } from './profile.ts';
import type { PlacementRequest } from './request.ts';
import { walk } from './stages.ts';

interface Running {
  readonly gpus: readonly number[];
  readonly gib: number;
  readonly priority?: number;
  readonly evictionLoss?: number;
}

/** A node of `size` GPUs of 80 GiB with replicas on it, named by node and number. */
function busy(id: number, size: number, running: readonly Running[]): NodeSnapshot {
  let cluster = aCluster(aNode({ nodeId: nodeId(id), accelerators: accelerators(size) }));
  for (const [at, { gpus, gib, priority = 0, evictionLoss = 0 }] of running.entries()) {
    const asked = { ...asking({ count: gpus.length, memoryBytesEach: gib * GIB }), priority };
    const decision = placed(place({ ...asked, replicaId: replicaId(`${id}-${at}`) }, cluster, DEFAULT_PROFILE, 0));
    cluster = apply(cluster, { ...decision, acceleratorIds: gpus.map((gpu) => `GPU-${gpu}`) });
    const node = cluster.nodes[0]!;
    const replicas = node.replicas.map((each, index) =>
      index === at ? { ...each, holding: { ...each.holding!, evictionLoss } } : each,
    );
    cluster = cluster.withNode({ ...node, replicas });
  }
  return cluster.nodes[0]!;
}

const urgent = (overrides: Partial<PlacementRequest['accelerator']> = {}): PlacementRequest => ({
  ...asking({ memoryBytesEach: 60 * GIB, ...overrides }),
  replicaId: replicaId('urgent'),
  priority: 10,
  mayPreempt: true,
});
const decide = (asked: PlacementRequest, ...all: NodeSnapshot[]) => place(asked, aCluster(...all), DEFAULT_PROFILE, 0);
const victimsOf = (asked: PlacementRequest, ...all: NodeSnapshot[]) =>
  placed(decide(asked, ...all)).victims?.map((victim) => victim.replicaId);

describe('preemption', () => {
  const full = (priority: number): Running => ({ gpus: [0], gib: 70, priority });

  it('stops nothing while there is room', () => {
    expect(victimsOf(urgent(), busy(1, 2, [full(0)]))).toBeUndefined();
  });

  it.each<[string, PlacementRequest, NodeSnapshot[], string[]]>([
    ['the lowest priority', urgent(), [busy(1, 1, [full(5)]), busy(2, 1, [full(1)])], ['rep_2-0']],
    [
      'the lowest priority even if they are more',
      urgent(),
      [
        busy(1, 1, [full(5)]),
        busy(2, 1, [
          { gpus: [0], gib: 30 },
          { gpus: [0], gib: 40 },
        ]),
      ],
      ['rep_2-0', 'rep_2-1'],
    ],
    [
      'the fewest',
      urgent(),
      [
        busy(1, 2, [
          { gpus: [0], gib: 40 },
          { gpus: [0], gib: 40 },
          { gpus: [1], gib: 70 },
        ]),
      ],
      ['rep_1-2'],
    ],
    [
      'the least loss',
      urgent(),
      [busy(1, 1, [{ ...full(0), evictionLoss: 9 }]), busy(2, 1, [{ ...full(0), evictionLoss: 3 }])],
      ['rep_2-0'],
    ],
    ['the first in order among equals', urgent(), [busy(2, 1, [full(0)]), busy(1, 1, [full(0)])], ['rep_1-0']],
    [
      'one that is big enough rather than two',
      urgent({ memoryBytesEach: 50 * GIB }),
      [
        busy(1, 1, [
          { gpus: [0], gib: 20 },
          { gpus: [0], gib: 50 },
        ]),
      ],
      ['rep_1-1'],
    ],
    [
      'those on the accelerators with the fewest, for a group',
      urgent({ count: 2 }),
      [
        busy(1, 3, [
          { gpus: [0], gib: 40 },
          { gpus: [0], gib: 40 },
          { gpus: [1], gib: 70 },
          { gpus: [2], gib: 70 },
        ]),
      ],
      ['rep_1-2', 'rep_1-3'],
    ],
  ])('chooses %s', (_name, asked, all, expected) => {
    expect(victimsOf(asked, ...all)).toEqual(expected);
  });

  it.each<[string, PlacementRequest, NodeSnapshot]>([
    ['one of equal priority', urgent(), busy(1, 1, [full(10)])],
    ['anything without leave to', { ...urgent(), mayPreempt: false }, busy(1, 1, [full(0)])],
    [
      'what residency forbids anyway',
      { ...urgent(), residency: { countries: ['DE'], operators: [], certifications: [] } },
      busy(1, 1, [full(0)]),
    ],
    [
      'one whose holding nobody knows',
      urgent(),
      { ...busy(1, 1, [full(0)]), replicas: [{ replicaId: 'rep_x', deploymentId: 'dep_x' }] },
    ],
  ])('never stops %s', (_name, asked, node) => {
    expect(refused(decide(asked, node)).reasons).toHaveLength(1);
  });

  it('leaves gangs alone, for one of them falling fells all', () => {
    const cluster = aCluster(aNode({ accelerators: accelerators(1) }));
    const gang = { ...asking({ exclusive: true }), gang: { members: 1, sameSite: false } };
    const after = apply(cluster, placed(place(gang, cluster, DEFAULT_PROFILE, 0)));
    expect(place(urgent(), after, DEFAULT_PROFILE, 0).kind).toBe('unschedulable');
  });

  it('is explained, and carried out by apply', () => {
    const cluster = aCluster(busy(1, 1, [full(3)]));
    const placement = placed(place(urgent(), cluster, DEFAULT_PROFILE, 0));
    expect(explain(placement)).toContain('these of lower priority have to go first: rep_1-0 (priority 3).');
    expect(apply(cluster, placement).nodes[0]!.replicas.map((each) => each.replicaId)).toEqual(['rep_urgent']);
  });

  it('makes room, of strictly lower priority, with no victim in vain, for any cluster and profile', () => {
    let preempted = 0;
    fc.assert(
      fc.property(nodes, requests, request, profile, seed, (all, asked, last, using, seeded) => {
        const cluster = crowded(aCluster(...all), asked, using, seeded);
        const asking = { ...last, replicaId: replicaId('urgent'), priority: 2, mayPreempt: true };
        const decision = place(asking, cluster, using, seeded);
        if (decision.kind === 'unschedulable' || decision.victims === undefined) return;
        preempted += 1;
        expect(decision.victims.every(({ priority, nodeId: id }) => priority < 2 && id === decision.nodeId)).toBe(true);
        const node = cluster.node(decision.nodeId)!;
        const victims = node.replicas.filter((each) => decision.victims!.some((v) => v.replicaId === each.replicaId));
        expect(victims).toHaveLength(decision.victims.length);
        expect(fits(asking, withoutReplicas(node, victims), using)).toBe(true);
        for (const victim of victims) {
          expect(
            fits(
              asking,
              withoutReplicas(
                node,
                victims.filter((each) => each !== victim),
              ),
              using,
            ),
          ).toBe(false);
        }
        const after = apply(cluster, decision).node(decision.nodeId)!;
        for (const each of placeableAccelerators(after)) expect(each.freeMemoryBytes).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
    expect(preempted).toBeGreaterThan(10);
  });
});

/** Filled with replicas of priorities 0 to 3. */
function crowded(
  start: ClusterSnapshot,
  asked: readonly PlacementRequest[],
  using: Profile,
  seeded: number,
): ClusterSnapshot {
  return asked.reduce((cluster, each, at) => {
    const decision = place({ ...each, priority: at % 4 }, cluster, using, seeded);
    return decision.kind === 'placement' ? apply(cluster, decision) : cluster;
  }, start);
}

function fits(asked: PlacementRequest, node: NodeSnapshot, { filters }: Profile): boolean {
  return walk(asked, node, filters).passed;
}
