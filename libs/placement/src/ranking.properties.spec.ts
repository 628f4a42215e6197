import { SeededRandom } from '@ostro/kernel';
import fc from 'fast-check';
import { nodes, profile, request, seed } from '../test/arbitraries.ts';
import { bruteForce } from '../test/brute-force.ts';
import { aCluster, aNode, aRequest, GIB, nodeId, replicaId } from '../test/builders.ts';
import { apply } from './cluster/apply.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { NodeSnapshot } from './cluster/node.ts';
import { release } from './cluster/release.ts';
import type { DemandMix } from './fragmentation/demand-mix.ts';
import { valuationOf } from './fragmentation/valuation.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE, parseProfile, type Profile } from './profile.ts';
import type { PlacementRequest } from './request.ts';

const RUNS = 1000;
const STEPS = 100;

/** Few shapes, asked again and again: what is remembered of one must stay right while the cluster changes. */
const shapes = fc.array(request, { minLength: 1, maxLength: 5 });

describe('an indexed decision', () => {
  it(`equals the brute-force decision in all its bytes, on ${RUNS * STEPS} states`, () => {
    fc.assert(
      fc.property(nodes, shapes, profile, seed, (all, asked, using, seeded) => {
        walkThrough(aCluster(...all), asked, using, { seeded, steps: STEPS });
      }),
      { numRuns: RUNS },
    );
  });

  it('equals it on clusters of several blocks a site', () => {
    fc.assert(
      fc.property(
        nodes,
        shapes,
        profile,
        seed,
        fc.integer({ min: 65, max: 200 }),
        (all, asked, using, seeded, count) => {
          const many = Array.from({ length: all.length === 0 ? 0 : count }, (_, at) => ({
            ...all[(at * 7) % all.length]!,
            nodeId: nodeId(at),
          }));
          walkThrough(aCluster(...many), asked, using, { seeded, steps: 30 });
        },
      ),
      { numRuns: 60 },
    );
  });
});

it('tells nodes apart that are alike but for replicas of the deployment', () => {
  const spreading = aRequest({ antiAffinity: 'spread' });
  const replicas = [{ replicaId: replicaId(9), deploymentId: spreading.deploymentId }];
  const cluster = aCluster(
    aNode({ nodeId: nodeId(1) }),
    aNode({ nodeId: nodeId(2), replicas }),
    aNode({ nodeId: nodeId(3) }),
  );
  const using = parseProfile({
    name: 'spread-alone',
    filters: DEFAULT_PROFILE.filters.map(({ name }) => name),
    scorers: [{ name: 'spread', weight: 1 }],
  });
  const { explanation } = place(spreading, cluster, using, 0);
  expect(explanation.candidates.map((each) => [each.nodeId, each.total])).toEqual([
    [nodeId(1), 750],
    [nodeId(3), 750],
    [nodeId(2), 500],
  ]);
});

interface Walk {
  readonly seeded: number;
  readonly steps: number;
}

/** Takes the cluster from state to state in every way there is, and compares the decisions in each. */
function walkThrough(start: ClusterSnapshot, asked: readonly PlacementRequest[], using: Profile, walk: Walk): void {
  const random = new SeededRandom(walk.seeded);
  const draw = (below: number): number => random.below(below);
  const seen = [start];
  for (let step = 0; step < walk.steps; step += 1) {
    const snapshot = seen.at(-1)!;
    const each = { ...asked[draw(asked.length)]!, replicaId: replicaId(step) };
    const decision = place(each, snapshot, using, draw(2 ** 32));
    const { wouldFit: _wouldFit, ...comparable } = { wouldFit: '', ...decision };
    const expected = JSON.stringify(bruteForce(each, snapshot, using, decision.explanation.seed));
    if (JSON.stringify(comparable) !== expected) expect(JSON.stringify(comparable)).toBe(expected);
    if (decision.kind === 'placement' && draw(4) > 0) seen.push(apply(snapshot, decision));
    else seen.push(otherwise(seen, draw));
  }
}

/** A state reached by something else than a placement; now and then an older one, which is then changed again. */
function otherwise(seen: readonly ClusterSnapshot[], draw: (below: number) => number): ClusterSnapshot {
  const snapshot = seen.at(-1)!;
  const node = snapshot.nodes[draw(Math.max(1, snapshot.nodes.length))];
  if (node === undefined) return snapshot;
  const replica = node.replicas[draw(Math.max(1, node.replicas.length))];
  const ways = [
    () => (replica === undefined ? snapshot : release(snapshot, node.nodeId, replica.replicaId)),
    () => snapshot.withNode(changed(node, draw)),
    () => snapshot.withValuation(valuationOf(snapshot.nodes, mixOf(draw))),
    () => seen[draw(seen.length)]!,
    () => seen[Math.max(0, seen.length - 2)]!,
  ];
  return ways[draw(ways.length)]!();
}

/** Whole accelerators in groups of one kind, which it takes care to leave room for. */
function mixOf(draw: (below: number) => number): DemandMix {
  const kind = { models: [], count: 1 + draw(4), memoryBytesEach: (1 + draw(40)) * GIB, exclusive: false };
  return [{ ...kind, cpuMilli: draw(3000), arrivals: 1 }];
}

function changed(node: NodeSnapshot, draw: (below: number) => number): NodeSnapshot {
  const ways: readonly Partial<NodeSnapshot>[] = [
    { state: 'cordoned' },
    { state: 'ready' },
    { country: 'FR' },
    { siteId: draw(4) === 0 ? 's3' : node.siteId },
    { pricePerHourMilliEuro: draw(50_000) },
    { taints: [{ key: 'spot', value: 'true' }] },
    { accelerators: node.accelerators.slice(1) },
    { ...aNode({ nodeId: node.nodeId, siteId: node.siteId }) },
    { cachedModelDigests: { vram: [], hostRam: [], disk: ['sha256:model'] } },
  ];
  return { ...node, ...ways[draw(ways.length)]! };
}
