import fc from 'fast-check';
import {
  accelerators,
  aCluster,
  aNode,
  aRequest,
  deploymentId,
  GIB,
  nodeId,
  organizationId,
  replicaId,
} from '../../test/builders.ts';
import { apply, withMember } from '../cluster/apply.ts';
import { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import { release } from '../cluster/release.ts';
import { place } from '../place.ts';
import { DEFAULT_PROFILE } from '../profile.ts';
import type { PlacementRequest } from '../request.ts';
import { walk } from '../stages.ts';
import { carryOut, movableOn } from './move.ts';
import { type DefragmentationPlan, plan } from './plan.ts';

const COUNTRIES = ['FR', 'DE'];

const nodes = fc
  .array(
    fc.record({
      country: fc.constantFrom(...COUNTRIES),
      count: fc.constantFrom(1, 2, 4),
      islands: fc.constantFrom(1, 2),
      cpuMilli: fc.integer({ min: 1000, max: 8000 }),
    }),
    { minLength: 2, maxLength: 7 },
  )
  .map((all) =>
    all.map(({ country, count, islands, cpuMilli }, at) =>
      aNode({
        nodeId: nodeId(at),
        country,
        cpuMilli: { capacity: cpuMilli, free: cpuMilli },
        accelerators: accelerators(count).map((each, index) => ({
          ...each,
          acceleratorId: `GPU-${index}`,
          island: `island-${index % islands}`,
        })),
      }),
    ),
  );

const request = fc
  .record({
    organization: fc.integer({ min: 1, max: 2 }),
    count: fc.constantFrom(0, 1, 1, 1, 1, 2),
    memory: fc.integer({ min: 5, max: 80 }),
    exclusive: fc.constantFrom(false, false, false, true),
    cpuMilli: fc.integer({ min: 0, max: 3000 }),
    countries: fc.subarray(COUNTRIES),
  })
  .map(({ organization, count, memory, exclusive, cpuMilli, countries }) =>
    aRequest({
      organizationId: organizationId(organization),
      deploymentId: deploymentId(1),
      accelerator: { models: [], count, memoryBytesEach: count === 0 ? 0 : memory * GIB, exclusive },
      cpuMilli,
      residency: { countries, operators: [], certifications: [] },
    }),
  );

const requests = fc.array(request, { minLength: 1, maxLength: 25 });
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const budget = fc.record({
  moves: fc.integer({ min: 0, max: 8 }),
  shareMilli: fc.integer({ min: 0, max: 1000 }),
  leastGainMilli: fc.integer({ min: 1, max: 500 }),
});

/** A cluster in use, some of whose replicas have left again, and the requests that did not fit it. */
const inUse = fc
  .record({ nodes, requests, leave: fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }), seed })
  .map(({ nodes: all, requests: asked, leave, seed: seeded }) => {
    let cluster = aCluster(...all);
    const waiting: PlacementRequest[] = [];
    for (const [at, each] of asked.entries()) {
      const asking = { ...each, replicaId: replicaId(at) };
      const decision = place(asking, cluster, DEFAULT_PROFILE, seeded);
      if (decision.kind === 'unschedulable') waiting.push(asking);
      else cluster = apply(cluster, decision);
    }
    return { cluster: withoutSome(cluster, leave), waiting, seed: seeded };
  });

function withoutSome(cluster: ClusterSnapshot, leave: readonly boolean[]): ClusterSnapshot {
  let at = 0;
  let left = cluster;
  for (const { nodeId: id, replicas } of cluster.nodes) {
    for (const each of replicas) if (leave[at++ % leave.length]) left = release(left, id, each.replicaId);
  }
  return left;
}

/** Carries a plan out as an operator would, then places what it admits where it says. */
function carriedOut(cluster: ClusterSnapshot, { moves }: DefragmentationPlan): ClusterSnapshot {
  return moves.reduce(carryOut, cluster);
}

function running(cluster: ClusterSnapshot): readonly string[] {
  return cluster.nodes.flatMap(({ replicas }) => replicas.map((each) => each.replicaId as string)).sort();
}

function inUseOf(cluster: ClusterSnapshot) {
  const all = cluster.nodes;
  return {
    cpu: all.reduce((sum, { cpuMilli }) => sum + cpuMilli.capacity - cpuMilli.free, 0),
    host: all.reduce((sum, { hostMemoryBytes }) => sum + hostMemoryBytes.capacity - hostMemoryBytes.free, 0),
  };
}

describe('plan, for any cluster in use, waiting requests and budget', () => {
  it('lists moves that fit one after the other, from where the replica is', () => {
    fc.assert(
      fc.property(inUse, budget, ({ cluster, waiting, seed: seeded }, allowed) => {
        let before = cluster;
        for (const move of plan(cluster, waiting, allowed, DEFAULT_PROFILE, seeded).moves) {
          expect(move.from.nodeId).not.toBe(move.to.nodeId);
          const moving = movableOn(before.node(move.from.nodeId)!).find((each) => each.replicaId === move.replicaId)!;
          expect(moving.at).toEqual(move.from);
          const walked = walk(moving.request, before.node(move.to.nodeId)!, DEFAULT_PROFILE.filters);
          const open = walked.passed ? walked.accelerators.map(({ acceleratorId }) => acceleratorId) : ['refused'];
          expect(open).toEqual(expect.arrayContaining([...move.to.acceleratorIds]));
          expect(walked.passed).toBe(true);
          before = carryOut(before, move);
        }
      }),
    );
  });

  it('stops no replica, starts none, and changes nothing but where they run', () => {
    fc.assert(
      fc.property(inUse, budget, ({ cluster, waiting, seed: seeded }, allowed) => {
        const decided = plan(cluster, waiting, allowed, DEFAULT_PROFILE, seeded);
        const after = carriedOut(cluster, decided);
        expect(running(after)).toEqual(running(cluster));
        expect(inUseOf(after)).toEqual(inUseOf(cluster));
        const touched = new Set(decided.moves.flatMap(({ from, to }) => [from.nodeId, to.nodeId]));
        for (const node of cluster.nodes) if (!touched.has(node.nodeId)) expect(after.node(node.nodeId)).toBe(node);
      }),
    );
  });

  it('stays within both limits of the budget', () => {
    fc.assert(
      fc.property(inUse, budget, ({ cluster, waiting, seed: seeded }, allowed) => {
        const { moves } = plan(cluster, waiting, allowed, DEFAULT_PROFILE, seeded);
        expect(moves.length).toBeLessThanOrEqual(allowed.moves);
        expect(moves.length * 1000).toBeLessThanOrEqual(running(cluster).length * allowed.shareMilli);
      }),
    );
  });

  it('keeps its word: what it admits fits together where it says, once the moves are made', () => {
    fc.assert(
      fc.property(inUse, budget, ({ cluster, waiting, seed: seeded }, allowed) => {
        const decided = plan(cluster, waiting, allowed, DEFAULT_PROFILE, seeded);
        let after = carriedOut(cluster, decided);
        for (const member of decided.admitted) {
          const asked = waiting.find((each) => each.replicaId === member.replicaId)!;
          const walked = walk(asked, after.node(member.nodeId)!, DEFAULT_PROFILE.filters);
          expect(walked.passed).toBe(true);
          after = withMember(after, asked, member);
        }
      }),
    );
  });

  it('decides the same for the same inputs, in whatever order storage gives them', () => {
    fc.assert(
      fc.property(inUse, budget, ({ cluster, waiting, seed: seeded }, allowed) => {
        const reversed = ClusterSnapshot.of({ generation: cluster.generation, nodes: cluster.nodes.toReversed() });
        const again = plan(reversed, waiting.toReversed(), allowed, DEFAULT_PROFILE, seeded);
        expect(again).toEqual(plan(cluster, waiting, allowed, DEFAULT_PROFILE, seeded));
      }),
    );
  });
});
