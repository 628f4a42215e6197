import { seededIds } from '@ostro/kernel';
import type { Autoscaling } from '../src/domain/autoscaling.ts';
import type { Deployment } from '../src/domain/deployment.ts';
import type { Node } from '../src/domain/node.ts';
import type { Replica } from '../src/domain/replica.ts';
import type { ServedRevision } from '../src/domain/route.ts';
import type { ModelToServe, Spec, SpecRequest } from '../src/domain/spec.ts';

const ids = seededIds(7);
const GIB = 2 ** 30;

export const NOW = new Date('2026-06-01T12:00:00.000Z');
export const ORGANIZATION = ids('org');
export const DEPLOYMENT = ids('dep');
export const REVISION = ids('rev');
export const OLD_REVISION = ids('rev');

export function after(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

export function aReplica(overrides: Partial<Replica> = {}): Replica {
  return {
    id: ids('rep'),
    deploymentId: DEPLOYMENT,
    revisionId: REVISION,
    organizationId: ORGANIZATION,
    nodeId: overrides.phase === 'pending' ? null : ids('nod'),
    acceleratorIds: [],
    fencingToken: 7n,
    phase: 'ready',
    reason: '',
    message: '',
    lastLogLines: [],
    restartCount: 0,
    decisionId: null,
    goalGeneration: 3n,
    drainDeadline: null,
    createdAt: NOW,
    phaseAt: NOW,
    readyAt: null,
    ...overrides,
  };
}

export function aDeployment(overrides: Partial<Deployment> = {}): Deployment {
  return {
    id: DEPLOYMENT,
    organizationId: ORGANIZATION,
    projectId: ids('prj'),
    name: 'chat',
    endpointId: ids('ept'),
    revisionId: REVISION,
    replicas: 1,
    autoscaling: null,
    scalingDecisionId: null,
    generation: 1n,
    observedGeneration: 0n,
    isDeleting: false,
    phase: 'progressing',
    conditions: [],
    createdAt: NOW,
    ...overrides,
  };
}

export function anAutoscaling(overrides: Partial<Autoscaling> = {}): Autoscaling {
  return { minReplicas: 1, maxReplicas: 3, targetPercent: 70, idleTimeoutMs: 300_000, ...overrides };
}

export function aSpecRequest(overrides: Partial<SpecRequest> = {}): SpecRequest {
  return {
    runtime: undefined,
    accelerators: { models: [], count: 0, memoryBytesEach: 0 },
    concurrency: 0,
    contextTokens: 0,
    maxOutputTokens: 0,
    defaultMaxOutputTokens: 0,
    embedding: false,
    residency: { countries: [], operators: [], certifications: [] },
    drainTimeoutMs: undefined,
    cpuMilli: 0,
    ...overrides,
  };
}

export function aSpec(overrides: Partial<Spec> = {}): Spec {
  return {
    ...aSpecRequest(),
    runtime: 'simulated',
    concurrency: 4,
    contextTokens: 4096,
    maxOutputTokens: 4096,
    defaultMaxOutputTokens: 4096,
    drainTimeoutMs: 60_000,
    cpuMilli: 1_000,
    accelerators: { models: [], count: 1, memoryBytesEach: 4 * GIB },
    ...overrides,
  };
}

/** Llama 3.1 8B in 16 bit. */
export function aModel(overrides: Partial<ModelToServe> = {}): ModelToServe {
  return {
    format: 'gguf',
    facts: {
      architecture: 'llama',
      layers: 32,
      embeddingLength: 4096,
      kvHeads: 8,
      keyHeadSize: 128,
      valueHeadSize: 128,
      contextLength: 131_072,
      vocabularySize: 128_256,
      weightBytes: 16 * GIB,
      quantisation: 'BF16',
    },
    ...overrides,
  };
}

export function aRevision(overrides: Partial<ServedRevision> = {}): ServedRevision {
  return { id: REVISION, number: 1, spec: aSpec(), modelDigest: 'sha256:00', modelName: 'tiny', ...overrides };
}

export function aNode(overrides: Partial<Node> = {}): Node {
  return {
    id: ids('nod'),
    organizationId: ORGANIZATION,
    name: 'gpu-1',
    site: { siteId: 'lyon-1', country: 'FR', operator: 'Acme SA', certifications: [] },
    operatorState: 'ready',
    isDead: false,
    generation: 1n,
    inventory: {
      accelerators: [
        {
          acceleratorId: 'GPU-0',
          model: 'H100-80GB',
          memoryBytes: 80 * GIB,
          offeredBytes: 80 * GIB,
          island: '',
          isHealthy: true,
          isSimulated: true,
        },
      ],
      cpuMilli: 8_000,
      hostMemoryBytes: 64 * GIB,
      cachedModelDigests: [],
      runtimes: ['simulated'],
    },
    loads: {},
    address: { host: '10.0.0.1', port: 7443 },
    agentVersion: '0.1.0',
    reportNumber: 1n,
    reportedAt: NOW,
    ...overrides,
  };
}
