import fc from 'fast-check';
import { nodes, profile, request, requests, seed } from '../test/arbitraries.ts';
import { aCluster, aNode, nodeId, replicaId } from '../test/builders.ts';
import { apply } from './cluster/apply.ts';
import { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { type AcceleratorSnapshot, placeableAccelerators } from './cluster/node.ts';
import type { Decision, Placement } from './decision.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE, type Profile } from './profile.ts';
import type { PlacementRequest } from './request.ts';

const acceleratorsOf = (cluster: ClusterSnapshot, { nodeId: id, acceleratorIds }: Placement): AcceleratorSnapshot[] =>
  placeableAccelerators(cluster.node(id)!).filter((each) => acceleratorIds.includes(each.acceleratorId));

/** Places and applies one request after another; answers each placement with the cluster it was decided on. */
function placeAll(cluster: ClusterSnapshot, all: readonly PlacementRequest[], using: Profile, seeded: number) {
  const steps: { placement: Placement; before: ClusterSnapshot; after: ClusterSnapshot }[] = [];
  let before = cluster;
  for (const each of all) {
    const decision = place(each, before, using, seeded);
    if (decision.kind === 'unschedulable') continue;
    const after = apply(before, decision);
    steps.push({ placement: decision, before, after });
    before = after;
  }
  return { steps, cluster: before };
}

describe('place, for any cluster, requests and profile', () => {
  it('never over-allocates: what is taken and what is left is what there was', () => {
    fc.assert(
      fc.property(nodes, requests, profile, seed, (all, asked, using, seeded) => {
        const start = aCluster(...all);
        const { steps, cluster } = placeAll(start, asked, using, seeded);
        for (const each of cluster.nodes) {
          const here = steps.map(({ placement }) => placement).filter((placement) => placement.nodeId === each.nodeId);
          const sum = (of: (taken: PlacementRequest) => number) => here.reduce((all, { request: r }) => all + of(r), 0);
          expect(each.cpuMilli.free).toBe(each.cpuMilli.capacity - sum(({ cpuMilli }) => cpuMilli));
          expect(each.hostMemoryBytes.free).toBe(each.hostMemoryBytes.capacity - sum((r) => r.hostMemoryBytes));
          expect(each.cpuMilli.free).toBeGreaterThanOrEqual(0);
          for (const { acceleratorId, memoryBytes, freeMemoryBytes } of placeableAccelerators(each)) {
            const on = here.filter(({ acceleratorIds }) => acceleratorIds.includes(acceleratorId));
            const taken = on.reduce((bytes, { request: r }) => bytes + r.accelerator.memoryBytesEach, 0);
            expect(taken).toBeLessThanOrEqual(memoryBytes);
            if (on.some(({ request: r }) => r.accelerator.exclusive))
              expect([on.length, freeMemoryBytes]).toEqual([1, 0]);
            else expect(freeMemoryBytes).toBe(memoryBytes - taken);
          }
        }
      }),
    );
  });

  it('never leaves the allowed countries, whatever the weights', () => {
    fc.assert(
      fc.property(nodes, requests, profile, seed, (all, asked, using, seeded) => {
        for (const { placement, before } of placeAll(aCluster(...all), asked, using, seeded).steps) {
          const { countries } = placement.request.residency;
          if (countries.length > 0) expect(countries).toContain(before.node(placement.nodeId)?.country);
        }
      }),
    );
  });

  it('never puts two organizations on one GPU', () => {
    fc.assert(
      fc.property(nodes, requests, profile, seed, (all, asked, using, seeded) => {
        for (const { placement, before } of placeAll(aCluster(...all), asked, using, seeded).steps) {
          for (const { model, organizationId: holder } of acceleratorsOf(before, placement)) {
            if (!model.startsWith('CPU')) expect([undefined, placement.request.organizationId]).toContain(holder);
          }
        }
      }),
    );
  });

  it('places groups whole: on one node, in one island, of one model, on ready and healthy hardware', () => {
    fc.assert(
      fc.property(nodes, requests, profile, seed, (all, asked, using, seeded) => {
        for (const { placement, before } of placeAll(aCluster(...all), asked, using, seeded).steps) {
          const { count } = placement.request.accelerator;
          const group = acceleratorsOf(before, placement);
          expect(new Set(placement.acceleratorIds).size).toBe(count);
          expect(group).toHaveLength(count);
          expect(new Set(group.map(({ model }) => model)).size).toBe(1);
          if (count > 1)
            expect(new Set(group.map(({ island, acceleratorId }) => island ?? acceleratorId)).size).toBe(1);
          expect(group.every(({ healthy }) => healthy)).toBe(true);
          expect(before.node(placement.nodeId)?.state).toBe('ready');
        }
      }),
    );
  });

  it('decides the same for the same inputs, in whatever order storage gives the nodes', () => {
    fc.assert(
      fc.property(nodes, request, profile, seed, (all, asked, using, seeded) => {
        const decision = place(asked, aCluster(...all), using, seeded);
        const reversed = all.map((each) => ({ ...each, accelerators: each.accelerators.toReversed() })).toReversed();
        expect(JSON.stringify(place(asked, aCluster(...reversed), using, seeded))).toBe(JSON.stringify(decision));
      }),
    );
  });

  it('finds a place whenever there is one, whatever the profile', () => {
    fc.assert(
      fc.property(nodes, request, profile, seed, (all, asked, using, seeded) => {
        const kinds = [using, DEFAULT_PROFILE].map((each) => place(asked, aCluster(...all), each, seeded).kind);
        expect(kinds[0]).toBe(kinds[1]);
      }),
    );
  });

  it('never turns a fit into a refusal when capacity becomes free', () => {
    fc.assert(
      fc.property(nodes, requests, request, seed, fc.nat(), (all, asked, last, seeded, at) => {
        const { steps, cluster } = placeAll(aCluster(...all), asked, DEFAULT_PROFILE, seeded);
        const asking = { ...last, replicaId: replicaId('last') };
        const before = place(asking, cluster, DEFAULT_PROFILE, seeded);
        const leaving = steps[at % Math.max(1, steps.length)];
        const roomier = leaving === undefined ? cluster : released(cluster, leaving.placement);
        expectNoWorse(before, place(asking, roomier, DEFAULT_PROFILE, seeded));
        const grown = [...cluster.nodes, aNode({ nodeId: nodeId('new') })];
        const bigger = ClusterSnapshot.of({ generation: cluster.generation, nodes: grown });
        expectNoWorse(before, place(asking, bigger, DEFAULT_PROFILE, seeded));
      }),
    );
  });

  it('counts every node once: as refused or as a candidate', () => {
    fc.assert(
      fc.property(nodes, request, profile, seed, (all, asked, using, seeded) => {
        const decision = place(asked, aCluster(...all), using, seeded);
        const rejected = decision.explanation.rejectionCounts.reduce((sum, { count }) => sum + count, 0);
        const fitting = new Set(decision.explanation.candidates.map((candidate) => candidate.nodeId)).size;
        if (decision.kind === 'unschedulable') {
          expect(rejected).toBe(all.length);
          expect(decision.reasons.map(({ filter, count }) => ({ filter, count }))).toEqual(
            decision.explanation.rejectionCounts,
          );
        } else expect(rejected + fitting).toBeLessThanOrEqual(all.length);
      }),
    );
  });
});

function expectNoWorse(before: Decision, after: Decision): void {
  if (before.kind === 'placement') expect(after.kind).toBe('placement');
}

/** The node of a placement with that placement's memory, cores and host memory given back, but not its holder. */
function released(
  cluster: ClusterSnapshot,
  { nodeId: id, acceleratorIds, request: taken }: Placement,
): ClusterSnapshot {
  const from = cluster.node(id)!;
  const freed = <T extends { memoryBytes: number; freeMemoryBytes: number }>(share: T): T => ({
    ...share,
    freeMemoryBytes: Math.min(share.memoryBytes, share.freeMemoryBytes + taken.accelerator.memoryBytesEach),
  });
  return cluster.withNode({
    ...from,
    cpuMilli: { ...from.cpuMilli, free: from.cpuMilli.free + taken.cpuMilli },
    hostMemoryBytes: { ...from.hostMemoryBytes, free: from.hostMemoryBytes.free + taken.hostMemoryBytes },
    accelerators: from.accelerators.map((each) =>
      acceleratorIds.includes(each.acceleratorId) && each.migSlices === undefined ? freed(each) : each,
    ),
  });
}
