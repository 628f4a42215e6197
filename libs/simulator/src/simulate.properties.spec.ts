import { SeededRandom } from '@ostro/kernel';
import { aDeployment, aNode, aScenario, GPU_BYTES, type ScenarioParts } from '../test/builders.ts';
import type { SimulatedDeployment, SimulatedRequest } from './scenario.ts';
import { simulate } from './simulate.ts';

const SCENARIOS = 20;

describe('whatever the cluster, the policy and the load', () => {
  it.each(Array.from({ length: SCENARIOS }, (_, seed) => seed))('scenario %i keeps its promises', (seed) => {
    const parts = randomScenario(new SeededRandom(seed));
    const report = simulate(aScenario(parts));
    const { requests, series, deployments } = report;
    const gpus = parts.nodes!.reduce((sum, { accelerators }) => sum + accelerators.length, 0);

    expect(requests.completed + requests.refused).toBe(requests.arrived);
    expect(requests.arrived).toBe([...parts.requests!].length);
    expect(sum(Object.values(requests.refusedByReason))).toBe(requests.refused);
    expect(report.waitMs.count).toBe(requests.completed);
    expect(report.decisions.routed).toBe(requests.completed);
    for (const field of ['arrived', 'completed', 'refused'] as const) {
      expect(sum(deployments.map((each) => each[field]))).toBe(requests[field]);
      expect(sum(series[field])).toBe(requests[field]);
    }
    expect(Math.max(...series.gpus)).toBeLessThanOrEqual(gpus + 1e-9);
    expect(report.gpuHours).toBeLessThanOrEqual((gpus * report.simulatedMs) / 3_600_000 + 1e-3);
    expect(sum(deployments.map(({ gpuHours }) => gpuHours))).toBeCloseTo(report.gpuHours, 2);
    expect(new Set(Object.values(series).map((column) => (Array.isArray(column) ? column.length : 0))).size).toBe(2);
    expect(report.cachedTokens).toBeLessThanOrEqual(report.inputTokens);
    expect(JSON.stringify(simulate(aScenario(parts)))).toBe(JSON.stringify(report));
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function randomScenario(random: SeededRandom): ScenarioParts {
  const nodes = Array.from({ length: 1 + random.below(3) }, (_, at) =>
    aNode({ nodeId: `nod_${at}`, state: random.below(6) === 0 ? 'cordoned' : 'ready' }, 1 + random.below(4)),
  );
  const deployments = Array.from({ length: 1 + random.below(4) }, (_, at) => randomDeployment(at, random));
  let arrivalMs = 0;
  const requests = Array.from({ length: 150 }, (): SimulatedRequest => {
    arrivalMs += random.below(random.below(10) === 0 ? 60_000 : 1500);
    return randomRequest(arrivalMs, deployments[random.below(deployments.length)]!, random);
  });
  return {
    nodes,
    deployments,
    requests,
    seed: random.below(1000),
    scaling: {
      maxReplicas: 1 + random.below(5),
      targetConcurrency: 1 + random.below(6),
      idle: { idleMs: random.below(60_000) },
      scaleDown: { stabilisationMs: random.below(30_000) },
    },
    policy: random.below(2) === 0 ? {} : { maxHoldMs: random.below(60_000), maxQueue: random.below(20) },
  };
}

function randomDeployment(at: number, random: SeededRandom): SimulatedDeployment {
  const share = random.below(2) === 0 ? 1 : 1 + random.below(4);
  const accelerator = { models: [], count: 1, memoryBytesEach: Math.floor(GPU_BYTES / share), exclusive: share === 1 };
  const common = aDeployment({ name: `model-${at}`, placement: { accelerator } });
  if (random.below(2) === 0) return { ...common, engine: { kind: 'fixed-time', concurrency: 1 + random.below(3) } };
  const engine = (['vllm', 'sglang', 'trtllm'] as const)[random.below(3)]!;
  return {
    ...common,
    engine: {
      kind: 'batching',
      engine,
      model: 'Llama-3.1-8B',
      gpu: 'H100-80GB',
      tensorParallel: 1,
      contextTokens: 6000,
      maxSequences: 1 + random.below(20),
    },
  };
}

function randomRequest(
  arrivalMs: number,
  { name, engine }: SimulatedDeployment,
  random: SeededRandom,
): SimulatedRequest {
  const inputTokens = random.below(5200);
  const outputTokens = random.below(1000);
  const request = { arrivalMs, deployment: name, inputTokens, outputTokens };
  if (engine.kind === 'fixed-time') return { ...request, serviceMs: random.below(20_000) - 100 };
  return { ...request, prefixBlocks: [random.below(3), 10 + random.below(20), 100 + random.below(50)] };
}
