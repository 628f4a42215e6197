import {
  accelerators,
  aCluster,
  anAccelerator,
  aNode,
  aRequest,
  asking,
  GIB,
  nodeId,
  organizationId,
  placed,
  refused,
} from '../test/builders.ts';
import { apply } from './cluster/apply.ts';
import type { NodeSnapshot } from './cluster/node.ts';
import { explain } from './explain.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE, type Profile } from './profile.ts';
import type { PlacementRequest } from './request.ts';

const decide = (request: PlacementRequest, ...nodes: readonly NodeSnapshot[]) =>
  place(request, aCluster(...nodes), DEFAULT_PROFILE, 1);

describe('place', () => {
  it('takes the tightest whole island for a tensor-parallel group', () => {
    const [a, b] = [accelerators(4, { island: 'a' }), accelerators(2, { island: 'b' })];
    const ids = b.map((each, at) => ({ ...each, acceleratorId: `GPU-${4 + at}` }));
    const { acceleratorIds } = placed(
      decide(asking({ count: 2, memoryBytesEach: 60 * GIB }), aNode({ accelerators: [...a, ...ids] })),
    );
    expect(acceleratorIds).toEqual(['GPU-4', 'GPU-5']);
  });

  it('shares a started accelerator before it opens a fresh one', () => {
    const started = anAccelerator({
      acceleratorId: 'GPU-7',
      freeMemoryBytes: 40 * GIB,
      organizationId: organizationId(1),
    });
    const { acceleratorIds } = placed(decide(aRequest(), aNode({ accelerators: [...accelerators(4), started] })));
    expect(acceleratorIds).toEqual(['GPU-7']);
  });

  it('remembers the best 20, the chosen one first, and who was refused by what', () => {
    const nodes = Array.from({ length: 30 }, (_, at) =>
      aNode({ nodeId: nodeId(at), state: at < 3 ? 'cordoned' : 'ready', country: at === 29 ? '' : 'FR' }),
    );
    const request = aRequest({ residency: { countries: ['FR'], operators: [], certifications: [] } });
    const { explanation, nodeId: chosen } = placed(decide(request, ...nodes));
    expect(explanation.candidates).toHaveLength(20);
    expect(explanation.candidates[0]?.nodeId).toBe(chosen);
    expect(explanation).toMatchObject({
      engineVersion: 'placement/2',
      seed: 1,
      snapshotGeneration: '1.7',
      nodesConsidered: 30,
      profileDigestInput: DEFAULT_PROFILE.digestInput,
      rejectionCounts: [
        { filter: 'residency-allowed', count: 1 },
        { filter: 'node-ready', count: 3 },
      ],
    });
    const totals = explanation.candidates.map(({ total }) => total);
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
    for (const { total, scores } of explanation.candidates) {
      expect(total).toBe(scores.reduce((sum, { weight, score }) => sum + weight * score, 0));
    }
  });

  it('breaks ties by seed, the same way each time', () => {
    const nodes = Array.from({ length: 16 }, (_, at) => aNode({ nodeId: nodeId(at) }));
    const chosen = (seed: number) => placed(place(aRequest(), aCluster(...nodes), DEFAULT_PROFILE, seed)).nodeId;
    const bySeed = Array.from({ length: 50 }, (_, seed) => chosen(seed));
    expect(bySeed).toEqual(Array.from({ length: 50 }, (_, seed) => chosen(seed)));
    expect(new Set(bySeed).size).toBeGreaterThan(8);
  });

  it('says what is missing, where it is nearest, and counts each node once', () => {
    const small = aNode({ nodeId: nodeId(1), accelerators: [anAccelerator({ freeMemoryBytes: 6.25 * GIB })] });
    const smaller = aNode({ nodeId: nodeId(2), accelerators: [anAccelerator({ freeMemoryBytes: GIB })] });
    const dead = aNode({ nodeId: nodeId(3), state: 'dead' });
    const empty = aNode({ nodeId: nodeId(4), accelerators: [] });
    const { reasons, nearest } = refused(
      decide(asking({ memoryBytesEach: Math.ceil(14.85 * GIB) }), small, smaller, dead, empty),
    );
    const text = 'node nod_0001 has 6.2 GiB free on its best H100-80GB, 14.9 GiB needed';
    expect(reasons).toEqual([
      { filter: 'node-ready', count: 1, nodes: [nodeId(3)], example: 'node nod_0003 is dead' },
      { filter: 'accelerator-model', count: 1, nodes: [nodeId(4)], example: expect.stringContaining('no accelerator') },
      { filter: 'vram-fits', count: 2, nodes: [nodeId(1), nodeId(2)], example: text },
    ]);
    expect(nearest).toEqual({ nodeId: nodeId(1), filter: 'vram-fits', text });
  });

  it('says that a model is unknown, and which ones are known', () => {
    const unknown = asking({ models: ['B300-288GB'], count: 2 });
    const others = [aNode(), aNode({ nodeId: nodeId(2), accelerators: [anAccelerator({ model: 'L40S' })] })];
    expect(refused(decide(unknown, ...others)).wouldFit).toBe(
      '2 x B300-288GB with 16.0 GiB free in one island, 1 core, 1.0 GiB of host memory: ' +
        'no node has B300-288GB; known here: H100-80GB, L40S',
    );
    expect(refused(decide(unknown, aNode({ accelerators: [] }))).wouldFit).toMatch(/known here: no accelerator$/);
  });

  it('says how near the nearest node comes, whichever filter refused it', () => {
    const residency = { countries: ['FR'], operators: [], certifications: ['HDS'] };
    const request = { ...asking({ models: ['H100-80GB'], count: 4 }), residency };
    const busy = aNode({ cpuMilli: { capacity: 1000, free: 500 } });
    expect(refused(decide(request, busy)).wouldFit).toBe(
      '4 x H100-80GB with 16.0 GiB free in one island, 1 core, 1.0 GiB of host memory, in FR, certified for HDS: ' +
        'nearest is node nod_0001 with 8, it has 0.5 cores and 512.0 GiB of host memory free, ' +
        '1 core and 1.0 GiB needed',
    );
  });

  it('places what wants no accelerator wherever cores and host memory are free', () => {
    const process = aRequest({ accelerator: { models: [], count: 0, memoryBytesEach: 0, exclusive: false } });
    const bare = aNode({ accelerators: [] });
    const placement = placed(decide(process, bare));
    expect(placement.acceleratorIds).toEqual([]);
    expect(apply(aCluster(bare), placement).nodes[0]!.cpuMilli.free).toBe(63_000);
    expect(explain(placement)).toContain('Replica rep_1 goes to node nod_0001.');
    const full = aNode({ cpuMilli: { capacity: 1000, free: 999 } });
    expect(refused(decide(process, full)).wouldFit).toMatch(
      /^1 core, 1.0 GiB of host memory: nearest is node nod_0001, it has/,
    );
  });

  it('is made again from its inputs, in the same bytes', () => {
    const nodes = Array.from({ length: 70 }, (_, at) => aNode({ nodeId: nodeId(at), siteId: `s${at % 3}` }));
    const inputs = JSON.stringify({ request: aRequest({ antiAffinity: 'spread' }), nodes });
    const decideOn = (stored: string) => {
      const { request, nodes: all } = JSON.parse(stored) as { request: PlacementRequest; nodes: NodeSnapshot[] };
      return JSON.stringify(place(request, aCluster(...all), DEFAULT_PROFILE, 77));
    };
    expect(decideOn(inputs)).toBe(decideOn(inputs));
  });

  it('answers on an empty cluster', () => {
    const decision = refused(decide(aRequest()));
    expect(decision).toMatchObject({ reasons: [], explanation: { nodesConsidered: 0 } });
    expect(decision.nearest).toBeUndefined();
    expect(explain(decision)).toContain('the cluster has no nodes. Enrol one.');
  });

  it.each<[string, Partial<PlacementRequest>]>([
    ['accelerator.memoryBytesEach', { accelerator: { ...aRequest().accelerator, count: 0 } }],
    ['accelerator.count', { accelerator: { ...aRequest().accelerator, count: -1 } }],
    ['accelerator.count', { accelerator: { ...aRequest().accelerator, count: 1.5 } }],
    ['accelerator.count', { accelerator: { ...aRequest().accelerator, count: Number.NaN } }],
    ['accelerator.memoryBytesEach', { accelerator: { ...aRequest().accelerator, memoryBytesEach: 0 } }],
    ['accelerator.memoryBytesEach', { accelerator: { ...aRequest().accelerator, memoryBytesEach: -1 } }],
    ['accelerator.memoryBytesEach', { accelerator: { ...aRequest().accelerator, memoryBytesEach: 2 ** 50 } }],
    ['cpuMilli', { cpuMilli: Number.POSITIVE_INFINITY }],
    ['hostMemoryBytes', { hostMemoryBytes: Number.NaN }],
    ['residency.countries', { residency: { ...aRequest().residency, countries: ['France'] } }],
    ['minComputeCapability', { minComputeCapability: '9' }],
    ['priority', { priority: Number.NaN }],
    ['priority', { priority: -1.5 }],
    ['priority', { priority: 2 ** 31 }],
    ['mayPreempt', { mayPreempt: true, gang: { members: 2, sameSite: false } }],
  ])('refuses a %s that makes no sense', (field, overrides) => {
    expect(() => decide(aRequest(overrides), aNode())).toThrow(
      expect.objectContaining({ reason: 'INVALID_PLACEMENT_REQUEST', details: { field } }),
    );
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32])('refuses %d as a seed', (seed) => {
    expect(() => place(aRequest(), aCluster(aNode()), DEFAULT_PROFILE, seed)).toThrow(/seed must be/);
  });

  it.each([1001, -1, 0.5, Number.NaN])('refuses a scorer that answers %d', (score) => {
    const scorer = { name: 'broken', prepare: () => () => score };
    const profile: Profile = { ...DEFAULT_PROFILE, scorers: [{ scorer, weight: 1 }] };
    expect(() => place(aRequest(), aCluster(aNode()), profile, 1)).toThrow(/scorer broken answered/);
  });
});

describe('explain', () => {
  const warm = aNode({ nodeId: nodeId(1), cachedModelDigests: { vram: [], hostRam: [], disk: ['sha256:model'] } });

  it('says what was chosen, why, and why the next one lost', () => {
    const words = explain(
      decide(aRequest(), warm, aNode({ nodeId: nodeId(2) }), aNode({ nodeId: nodeId(3), state: 'dead' })),
    );
    expect(words).toContain('Replica rep_1 goes to node nod_0001 on GPU-0.');
    expect(words).toContain('weights-cached 600 x 1');
    expect(words).toMatch(/Next was nod_0002 on GPU-0 with \d+: it lost 600 on weights-cached\./);
    expect(words).toContain('Of 3 nodes, refused: 1 by node-ready.');
    expect(words).toContain('profile default, seed 1, snapshot 1.7, engine placement/2');
  });

  it('says when only the seed decided, and when nothing else fitted', () => {
    expect(explain(decide(aRequest(), aNode(), aNode({ nodeId: nodeId(2) })))).toContain('the seed decided');
    expect(explain(decide(aRequest(), aNode()))).toContain('Nothing else fitted.');
  });

  it('says for a refusal what each filter missed and where it was nearest', () => {
    const pair = aNode({ accelerators: accelerators(1) });
    const words = explain(decide(asking({ count: 2 }), pair));
    expect(words).toContain('fits on none of 1 node.');
    expect(words).toContain('accelerator-count-in-one-island refused 1, for example: node nod_0001 has 1 x H100-80GB');
    expect(words).toContain(
      'Would fit: 2 x any accelerator with 16.0 GiB free in one island, 1 core, 1.0 GiB of host memory: ' +
        'nearest is node nod_0001 with 1, it has 1 x H100-80GB that fits in its best island, 2 needed.',
    );
  });
});
