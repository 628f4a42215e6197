import { parsePolicy } from '@ostro/autoscaling';
import { DEFAULT_PROFILE as PLACEMENT, type NodeSnapshot } from '@ostro/placement';
import { DEFAULT_PROFILE as ROUTING } from '@ostro/routing';
import { type Report, simulate, type SimulatedRequest } from '@ostro/simulator';
import { measureCpu } from '../cpu-time.ts';
import { emptyNode } from '../empty-node.ts';

const REPLICAS = 100;
const REQUESTS_PER_SECOND = 100;
const HOUR_MS = 3_600_000;
const GPUS_PER_NODE = 8;
const USERS = 2000;
const GPU_BYTES = 85_899_345_920;

/** One hour of 100 replicas of an 8B model with a request a second each, prompts of 1 to 2 thousand tokens. */
export function measureSpeed() {
  const { result: report, cpuMicros } = measureCpu(oneHour);
  return {
    replicas: REPLICAS,
    simulatedHours: Math.round((report.simulatedMs / HOUR_MS) * 100) / 100,
    requests: report.requests.completed,
    outputTokens: report.outputTokens,
    cpuSeconds: Math.round(cpuMicros / 10_000) / 100,
    heapMib: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
  };
}

function oneHour(): Report {
  return simulate({
    nodes: Array.from({ length: Math.ceil(REPLICAS / GPUS_PER_NODE) }, (_, at) => node(at)),
    deployments: [
      {
        name: 'llama',
        engine: { kind: 'batching', engine: 'vllm', model: 'Llama-3.1-8B', gpu: 'H100-80GB', tensorParallel: 1 },
        placement: {
          accelerator: { models: ['H100-80GB'], count: 1, memoryBytesEach: GPU_BYTES, exclusive: true },
        },
        load: { noneMs: 60_000, diskMs: 20_000, hostRamMs: 4000 },
      },
    ],
    requests: requests(),
    policy: {
      placement: PLACEMENT,
      autoscaling: parsePolicy({ minReplicas: REPLICAS, maxReplicas: REPLICAS, targetConcurrency: 32 }),
      routing: ROUTING,
    },
    seed: 1,
  });
}

/** Multiples of an odd number modulo a power of two spread evenly: enough of chance for a load. */
function* requests(): Generator<SimulatedRequest> {
  for (let at = 0; at < (REQUESTS_PER_SECOND * HOUR_MS) / 1000; at++) {
    const drawn = Math.imul(at + 1, 0x9e3779b1) >>> 0;
    yield {
      arrivalMs: Math.floor((at * 1000) / REQUESTS_PER_SECOND),
      deployment: 'llama',
      inputTokens: 1024 + (drawn % 1024),
      outputTokens: 100 + ((drawn >>> 10) % 300),
      prefixBlocks: [1, 1000 + ((drawn >>> 4) % USERS), 1_000_000 + at],
    };
  }
}

function node(at: number): NodeSnapshot {
  return emptyNode(
    {
      nodeId: `nod_${String(at).padStart(4, '0')}`,
      siteId: 'site',
      country: 'FR',
      operator: 'operator',
      cpuMilli: 128_000,
      hostMemoryBytes: 2 ** 40,
    },
    { model: 'H100-80GB', count: GPUS_PER_NODE, memoryBytes: GPU_BYTES },
  );
}
