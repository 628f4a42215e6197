import { SeededRandom } from '@ostro/kernel';
import { aDeployment, aNode, anImage, aScenario, GPU_BYTES, type ScenarioParts } from '../test/builders.ts';
import type { BatchingSpec, SimulatedDeployment, SimulatedRequest } from './scenario.ts';
import { simulate } from './simulate.ts';

const LLM: BatchingSpec = {
  kind: 'batching',
  engine: 'vllm',
  model: 'Llama-3.1-8B',
  gpu: 'H100-80GB',
  tensorParallel: 1,
};

function run(parts: ScenarioParts = {}) {
  return simulate(aScenario(parts));
}

describe('a cold request', () => {
  it('waits for its replica, which then stays for the idle time', () => {
    const report = run({ requests: [anImage(0), anImage(20_000)] });
    expect(report.requests).toEqual({ arrived: 2, completed: 2, refused: 0, refusedByReason: {} });
    expect(report).toMatchObject({ coldStarts: 1, coldRequests: 1, delayedShare: 0.5, simulatedMs: 24_000 });
    expect(report.waitMs).toMatchObject({ count: 2, max: 10_000, mean: 5000 });
    expect(report.totalMs).toMatchObject({ max: 14_000, mean: 9000 });
    expect(report.ttftMs.count).toBe(0);
  });

  it('costs the share of its node from reservation to the last answer', () => {
    const { gpuHours, milliEuro } = run({ requests: [anImage(0)] });
    expect(gpuHours).toBeCloseTo(14 / 3600, 3);
    expect(milliEuro).toBe(Math.round((6000 / 2) * (14 / 3600)));
  });

  it('loads faster from disk once the weights are there, and from host RAM where they were kept', () => {
    const requests = [anImage(0), anImage(600_000)];
    const stopped = run({ requests });
    expect(stopped.startsByTier).toEqual({ none: 1, disk: 1, hostRam: 0 });
    expect(stopped.waitMs.max).toBe(10_000);
    const tiers = [
      { name: 'vram', wakeMs: 0, eurosPerHour: 3 },
      { name: 'hostRam', wakeMs: 1000, eurosPerHour: 0 },
      { name: 'none', wakeMs: 10_000, eurosPerHour: 0 },
    ];
    const kept = run({ requests, scaling: { idle: { eurosPerSavedSecond: 0.0001 }, tiers } });
    expect(kept.startsByTier.hostRam).toBe(1);
    expect(kept.waitMs.mean).toBeCloseTo((10_000 + 1000) / 2, -1);
  });

  it('is served by whichever comes first, the loading replica or one that frees', () => {
    const report = run({ requests: [anImage(0), anImage(13_000), anImage(13_100)], scaling: { maxReplicas: 2 } });
    // The second arrives while the first is served until 14,000; the third waits for that, not for a load of 10 s.
    expect(report.waitMs.max).toBe(10_000);
    expect(report.totalMs.max).toBeLessThan(15_000);
  });
});

describe('placement', () => {
  it('puts no more replicas than there are accelerators, and says why the next does not fit', () => {
    const requests = Array.from({ length: 6 }, () => anImage(0));
    const report = run({ requests, scaling: { maxReplicas: 6 } });
    expect(report.requests.completed).toBe(6);
    expect(Math.max(...report.series.gpus)).toBeLessThanOrEqual(2);
    expect(report.decisions).toMatchObject({ placed: 2, routed: 6 });
    expect(report.decisions.unschedulable).toBeGreaterThan(0);
    expect(report.refusals[0]).toMatchObject({ deployment: 'images', atMs: 0 });
    expect(report.refusals[0]!.text).toContain('fits on none of 1 node');
  });

  it('never leaves the allowed country: the requests are refused instead', () => {
    const placement = {
      ...aDeployment().placement,
      residency: { countries: ['DE'], operators: [], certifications: [] },
    };
    const report = run({ deployments: [aDeployment({ placement })] });
    expect(report.requests.refusedByReason).toEqual({ NEVER_SERVED: 1 });
    expect(report.gpuHours).toBe(0);
    expect(report.refusals[0]!.text).toContain('only DE allowed');
  });

  it('counts a share of an accelerator as that share', () => {
    const accelerator = { models: [], count: 1, memoryBytesEach: GPU_BYTES / 4, exclusive: false };
    const { gpuHours } = run({ deployments: [aDeployment({ placement: { accelerator } })] });
    expect(gpuHours).toBeCloseTo(14 / 3600 / 4, 3);
  });
});

describe('scaling', () => {
  it('gives an idle replica up and starts again at the next request', () => {
    const report = run({
      requests: [anImage(0), anImage(300_000)],
      scaling: { idle: { idleMs: 60_000 }, scaleDown: { stabilisationMs: 0 } },
    });
    expect(report.coldStarts).toBe(2);
    expect(report.series.replicas.slice(0, 5)).toEqual([1, 0, 0, 0, 0]);
    expect(report.series.gpus.slice(0, 5)).toEqual([1, 0, 0, 0, 0]);
    expect(report.decisions.scaledDown).toBe(1);
  });

  it('keeps the minimum ready, so that nobody waits', () => {
    const report = run({ requests: [anImage(60_000), anImage(200_000)], scaling: { minReplicas: 1 } });
    expect(report).toMatchObject({ coldStarts: 0, coldRequests: 0, delayedShare: 0 });
  });

  it('has the minimum ready before the first request, since a trace begins in the middle of a service', () => {
    expect(run({ requests: [anImage(0)], scaling: { minReplicas: 1 } })).toMatchObject({
      coldRequests: 0,
      simulatedMs: 4000,
    });
  });

  it('follows schedules on the wall clock that the trace began at', () => {
    const schedules = [{ days: ['mon'], from: '08:00', to: '18:00', timeZone: 'Europe/Paris', minReplicas: 1 }];
    const at = (time: string) => run({ startMs: Date.parse(time), scaling: { schedules } }).coldRequests;
    expect(at('2026-11-23T09:00:00+01:00')).toBe(0);
    expect(at('2026-11-24T09:00:00+01:00')).toBe(1);
  });

  it('never ends a replica that serves: what is too many drains, and stops when it is idle', () => {
    // Two replicas with room for five: each gets one long request, and then one replica would do.
    const serviceMs = [120_000, 4000, 4000, 4000, 4000, 150_000, 4000, 4000, 4000, 4000];
    const requests = serviceMs.map((each, at) => anImage(at, { serviceMs: each }));
    const scaling = { targetConcurrency: 4, idle: { idleMs: 1000 }, scaleDown: { stabilisationMs: 1000 } };
    const engine = { kind: 'fixed-time', concurrency: 5 } as const;
    const report = run({ requests, deployments: [aDeployment({ engine })], scaling });
    expect(report.requests).toMatchObject({ completed: 10, refused: 0 });
    expect(report.decisions.scaledDown).toBeGreaterThan(0);
    expect(report.series.replicas).toEqual([2, 2, 1]);
  });

  it('gives loads a spread that comes from the seed', () => {
    const load = { ...aDeployment().load, spreadMilli: 100 };
    const wait = (seed: number) => run({ deployments: [aDeployment({ load })], seed }).waitMs.max;
    expect(wait(1)).toBeGreaterThanOrEqual(9000);
    expect(wait(1)).toBeLessThanOrEqual(11_000);
    expect(wait(1)).not.toBe(wait(2));
  });
});

describe('an LLM deployment', () => {
  const report = () => run({ ...chat(), seed: 5 });

  it('reports tokens, times and a prefix cache that is hit', () => {
    const { requests, ttftMs, tpotMs, cachedTokens, inputTokens, outputTokens } = report();
    expect(requests.completed).toBe(400);
    expect(ttftMs.count).toBe(400);
    expect(tpotMs.p50).toBeGreaterThan(3);
    expect(tpotMs.p50).toBeLessThan(60);
    expect(cachedTokens).toBeGreaterThan(0.2 * inputTokens);
    expect(outputTokens).toBe(400 * 100);
  });

  it('holds at the gateway what no replica has room for', () => {
    const requests = Array.from({ length: 6 }, () => ({ ...tokens(500, 200), arrivalMs: 60_000 }));
    const deployments = [llm({ maxSequences: 1 })];
    const { waitMs } = run({ requests, deployments, scaling: { minReplicas: 2, maxReplicas: 2 } });
    expect(waitMs).toMatchObject({ count: 6, p50: expect.any(Number) });
    expect(waitMs.p50).toBeGreaterThan(500);
    expect(waitMs.max).toBeGreaterThan(1.8 * waitMs.p50);
  });

  it('is the same to the byte for the same seed, and another for another', () => {
    const text = JSON.stringify(report());
    expect(JSON.stringify(report())).toBe(text);
    expect(JSON.stringify(run({ ...chat(), seed: 6 }))).not.toBe(text);
  });

  it('tells of its progress once a simulated minute', () => {
    const minutes: number[] = [];
    simulate(aScenario(chat()), ({ simulatedMs }) => minutes.push(simulatedMs));
    expect(minutes.slice(0, 3)).toEqual([60_000, 120_000, 180_000]);
  });
});

describe('what is refused', () => {
  it.each<[string, SimulatedRequest, ScenarioParts]>([
    ['NO_SUCH_DEPLOYMENT', anImage(0, { deployment: 'nobody' }), {}],
    ['INVALID_REQUEST', anImage(0, { serviceMs: Number.NaN }), {}],
    ['INVALID_REQUEST', anImage(0, { serviceMs: -1 }), {}],
    ['INVALID_REQUEST', tokens(0, 10), { deployments: [llm()] }],
    ['INVALID_REQUEST', tokens(10, Number.NaN), { deployments: [llm()] }],
    ['INVALID_REQUEST', tokens(1.5, 10), { deployments: [llm()] }],
    ['TOO_LONG', tokens(200_000, 10), { deployments: [llm()] }],
    ['HELD_TOO_LONG', anImage(0), { policy: { maxHoldMs: 2000 } }],
    ['QUEUE_FULL', anImage(0), { policy: { maxQueue: 0 } }],
    ['NEVER_SERVED', anImage(0), { nodes: [aNode({ state: 'cordoned' })] }],
  ])('is counted as %s and ends nothing', (reason, request, parts) => {
    const { requests } = run({ ...parts, requests: [request] });
    expect(requests).toEqual({ arrived: 1, completed: 0, refused: 1, refusedByReason: { [reason]: 1 } });
  });
});

describe('a scenario that makes no sense', () => {
  it.each<[string, ScenarioParts]>([
    ['nodes', { nodes: [] }],
    ['nodes', { nodes: [aNode(), aNode()] }],
    ['deployments', { deployments: [] }],
    ['deployments[1].name', { deployments: [aDeployment(), aDeployment()] }],
    ['deployments[0].load.noneMs', { deployments: [aDeployment({ load: { ...aDeployment().load, noneMs: -1 } })] }],
    ['deployments[0].engine.gpu', { deployments: [llm({ gpu: 'B300' })] }],
    ['deployments[0].engine.model', { deployments: [llm({ model: 'nobody-7B' })] }],
    ['deployments[0].engine.precision', { deployments: [llm({ precision: 'int8' as never })] }],
    ['deployments[0].engine.tensorParallel', { deployments: [llm({ model: 'Llama-3.1-70B' })] }],
    ['deployments[0].engine.tensorParallel', { deployments: [llm({ tensorParallel: 0 })] }],
    [
      'deployments[0].engine.concurrency',
      { deployments: [aDeployment({ engine: { kind: 'fixed-time', concurrency: 0 } })] },
    ],
    ['seed', { seed: -1 }],
    ['prefixBlockTokens', { prefixBlockTokens: 100 }],
    ['startMs', { startMs: Number.NaN }],
    ['policy.maxHoldMs', { policy: { maxHoldMs: Number.NaN } }],
    ['policy.budgetMilliEuroPerHour', { policy: { budgetMilliEuroPerHour: 0 } }],
    ['requests[1].arrivalMs', { requests: [anImage(5), anImage(4)] }],
    ['requests[0].arrivalMs', { requests: [anImage(Number.NaN)] }],
  ])('names %s', (field, parts) => {
    expect(() => run(parts)).toThrow(
      expect.objectContaining({ reason: 'INVALID_SCENARIO', details: expect.objectContaining({ field }) }),
    );
  });
});

function llm(overrides: Partial<BatchingSpec> = {}): SimulatedDeployment {
  return aDeployment({ engine: { ...LLM, ...overrides } });
}

function tokens(inputTokens: number, outputTokens: number): SimulatedRequest {
  return { arrivalMs: 0, deployment: 'images', inputTokens, outputTokens };
}

/** Fifty conversations over five minutes on up to two replicas. */
function chat(): ScenarioParts {
  const random = new SeededRandom(9);
  const requests = Array.from({ length: 400 }, (_, at): SimulatedRequest => {
    const conversation = random.below(50);
    const inputTokens = 1024 + 512 * random.below(4);
    const prefixBlocks = [0, 100 + conversation, 1000 + at];
    return { arrivalMs: at * 750, deployment: 'images', inputTokens, outputTokens: 100, prefixBlocks };
  });
  const load = { noneMs: 30_000, diskMs: 10_000, hostRamMs: 2000 };
  return { deployments: [{ ...llm(), load }], requests, scaling: { maxReplicas: 2, targetConcurrency: 8 } };
}
