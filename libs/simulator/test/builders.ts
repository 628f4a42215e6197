import { parsePolicy } from '@ostro/autoscaling';
import { DEFAULT_PROFILE as PLACEMENT, type NodeSnapshot } from '@ostro/placement';
import { DEFAULT_PROFILE as ROUTING } from '@ostro/routing';
import type { Coefficients } from '../src/engine/coefficients.ts';
import type { Scenario, SimulatedDeployment, SimulatedRequest } from '../src/scenario.ts';

export const GPU_BYTES = 80_000_000_000;

/** Round numbers, so that tests depend on no fit. */
export const PLAIN: Coefficients = {
  iterationMs: 2,
  layerMs: 0.02,
  allReduceMs: 0.008,
  sequenceMs: 0.01,
  weightBandwidth: 0.75,
  expertBandwidth: 0.6,
  kvBandwidth: 0.6,
  flops: 0.55,
  expertFlops: 0.35,
  attentionFlops: 0.4,
  linkBandwidth: 0.5,
  requestMs: 20,
  requestMsPerThousandTokens: 2,
  requestSerialMs: 0.3,
  tokenSerialMs: 0.03,
  prefillMs: 3,
  memoryShare: 0.88,
  tokenBudget: 8192,
  reservedSequences: 0,
  kvElementBytes: 2,
};

/** Nothing but the GPU's own time. */
export const GPU_ALONE: Coefficients = {
  ...PLAIN,
  requestMs: 0,
  requestMsPerThousandTokens: 0,
  requestSerialMs: 0,
  tokenSerialMs: 0,
};

export function aNode(overrides: Partial<NodeSnapshot> = {}, gpus = 2): NodeSnapshot {
  return {
    nodeId: 'nod_0001',
    siteId: 'paris',
    country: 'FR',
    operator: 'operator',
    certifications: [],
    labels: {},
    taints: [],
    state: 'ready',
    cpuMilli: { capacity: 64_000, free: 64_000 },
    hostMemoryBytes: { capacity: 2 ** 40, free: 2 ** 40 },
    accelerators: Array.from({ length: gpus }, (_, at) => ({
      acceleratorId: `GPU-${at}`,
      model: 'H100-80GB',
      memoryBytes: GPU_BYTES,
      freeMemoryBytes: GPU_BYTES,
      island: 'nvlink',
      healthy: true,
    })),
    cachedModelDigests: { vram: [], hostRam: [], disk: [] },
    replicas: [],
    pricePerHourMilliEuro: 6000,
    ...overrides,
  };
}

/** Images: one at a time, ten seconds to load, no spread. */
export function aDeployment(overrides: Partial<SimulatedDeployment> = {}): SimulatedDeployment {
  return {
    name: 'images',
    engine: { kind: 'fixed-time', concurrency: 1 },
    placement: { accelerator: { models: ['H100-80GB'], count: 1, memoryBytesEach: GPU_BYTES, exclusive: true } },
    load: { noneMs: 10_000, diskMs: 5000, hostRamMs: 1000, spreadMilli: 0 },
    ...overrides,
  };
}

export function anImage(arrivalMs: number, overrides: Partial<SimulatedRequest> = {}): SimulatedRequest {
  return { arrivalMs, deployment: 'images', inputTokens: 0, outputTokens: 0, serviceMs: 4000, ...overrides };
}

export interface ScenarioParts extends Partial<Omit<Scenario, 'policy'>> {
  readonly scaling?: object;
  readonly policy?: Partial<Scenario['policy']>;
}

export function aScenario({ scaling, policy, ...parts }: ScenarioParts = {}): Scenario {
  return {
    nodes: [aNode()],
    deployments: [aDeployment()],
    requests: [anImage(0)],
    seed: 1,
    ...parts,
    policy: {
      placement: PLACEMENT,
      autoscaling: parsePolicy({ maxReplicas: 2, idle: { idleMs: 30_000 }, ...scaling }),
      routing: ROUTING,
      ...policy,
    },
  };
}
