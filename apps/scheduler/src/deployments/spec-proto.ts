import { registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import type { ModelFactsLike, Residency } from '@ostro/placement';
import { type Autoscaling, type AutoscalingRequest, MAX_REPLICAS, resolveAutoscaling } from '../domain/autoscaling.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { ModelToServe, Spec, SpecRequest } from '../domain/spec.ts';
import { runtimeFromProto, runtimeToProto } from '../nodes/node-proto.ts';

/** A day: beyond it a node could not be emptied for maintenance. */
const MAX_DRAIN_MS = 24 * 3_600_000;

/** @throws DomainError INVALID_ARGUMENT (INVALID_SPEC) for what no spec can mean */
export function specFromProto(spec: schedulingV1.DeploymentSpec): SpecRequest {
  if (spec.runtime === schedulingV1.RuntimeKind.UNRECOGNIZED) throw invalid('runtime', 'is not known here');
  const { models, count, memoryBytesEach } = spec.accelerators ?? schedulingV1.AcceleratorRequirement.create();
  const { countries, operators, certifications } = spec.residency ?? schedulingV1.ResidencyPolicy.create();
  return {
    runtime: runtimeFromProto(spec.runtime),
    accelerators: { models, count, memoryBytesEach: Number(memoryBytesEach) },
    concurrency: spec.concurrency,
    contextTokens: spec.contextTokens,
    maxOutputTokens: spec.maxOutputTokens,
    defaultMaxOutputTokens: spec.defaultMaxOutputTokens,
    embedding: spec.embedding,
    residency: { countries, operators, certifications },
    drainTimeoutMs: spec.drainTimeout && checkedDrain(millisecondsOf(spec.drainTimeout)),
    cpuMilli: spec.cpuMilli,
  };
}

/** As it is on the wire. */
interface Duration {
  readonly seconds: bigint;
  readonly nanos: number;
}

function millisecondsOf({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
}

function durationOf(milliseconds: number): Duration {
  return { seconds: BigInt(Math.floor(milliseconds / 1_000)), nanos: (milliseconds % 1_000) * 1_000_000 };
}

function checkedDrain(milliseconds: number): number {
  if (milliseconds >= 0 && milliseconds <= MAX_DRAIN_MS) return milliseconds;
  throw invalid('drain_timeout', `is ${milliseconds} ms; it can be 0 to ${MAX_DRAIN_MS} ms`);
}

/** How many replicas: said once for a deployment, whatever its revision. */
export type Scale = Pick<Deployment, 'replicas' | 'autoscaling'>;

export function specToProto(spec: Spec, model: string, { replicas, autoscaling }: Scale): schedulingV1.DeploymentSpec {
  const { drainTimeoutMs, runtime, accelerators, residency, ...same } = spec;
  return {
    ...same,
    model,
    replicas,
    autoscaling: autoscalingToProto(autoscaling),
    runtime: runtimeToProto(runtime),
    accelerators: {
      models: [...accelerators.models],
      count: accelerators.count,
      memoryBytesEach: BigInt(accelerators.memoryBytesEach),
    },
    residency: residencyToProto(residency),
    drainTimeout: durationOf(drainTimeoutMs),
  };
}

export function residencyToProto({ countries, operators, certifications }: Residency): schedulingV1.ResidencyPolicy {
  return { countries: [...countries], operators: [...operators], certifications: [...certifications] };
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_SPEC) for bounds that contradict each other */
function autoscalingFromProto(policy: schedulingV1.ScalingPolicy | undefined): Autoscaling | null {
  if (policy === undefined) return null;
  const { idleTimeout, ...same } = policy;
  const asked: AutoscalingRequest = { ...same, idleTimeoutMs: idleTimeout && millisecondsOf(idleTimeout) };
  return resolveAutoscaling(asked);
}

export function autoscalingToProto(autoscaling: Autoscaling | null): schedulingV1.ScalingPolicy | undefined {
  if (autoscaling === null) return undefined;
  const { idleTimeoutMs, ...same } = autoscaling;
  return { ...same, idleTimeout: durationOf(idleTimeoutMs) };
}

/** The part of a spec that changes without a new revision, as far as the paths name it. */
export function scaleFromProto(spec: schedulingV1.DeploymentSpec, paths: readonly string[]): Partial<Scale> {
  return {
    ...(paths.includes('replicas') && { replicas: checkedReplicas(spec.replicas) }),
    ...(paths.includes('autoscaling') && { autoscaling: autoscalingFromProto(spec.autoscaling) }),
  };
}

function checkedReplicas(replicas: number): number {
  if (replicas <= MAX_REPLICAS) return replicas;
  throw invalid('replicas', `is ${replicas}; a deployment has at most ${MAX_REPLICAS}`);
}

export function modelFromProto({ format, facts }: registryV1.ModelRevision): ModelToServe {
  return {
    format: format === registryV1.ModelFormat.MODEL_FORMAT_SAFETENSORS ? 'safetensors' : 'gguf',
    facts: facts && factsFromProto(facts),
  };
}

/** A window whose layers are not counted is taken for none: it reserves too much rather than too little. */
function factsFromProto(facts: registryV1.ModelFacts): ModelFactsLike {
  const { slidingWindow, slidingWindowLayers, latentAttention: latent } = facts;
  return {
    architecture: facts.architecture,
    layers: facts.layers,
    embeddingLength: facts.embeddingLength,
    kvHeads: facts.kvHeads,
    keyHeadSize: facts.headDimensionKey,
    valueHeadSize: facts.headDimensionValue,
    contextLength: facts.contextLength,
    vocabularySize: facts.vocabularySize,
    weightBytes: facts.weightBytes,
    quantisation: facts.quantisation,
    slidingWindow: slidingWindow === 0 ? null : { tokens: slidingWindow, layers: slidingWindowLayers },
    latentAttention: latent ? { kvLoraRank: latent.kvLoraRank, ropeHeadSize: latent.ropeDimensions } : null,
  };
}

/** Fields of DeploymentSpec that change without a new revision. */
export const SCALE: readonly string[] = ['replicas', 'autoscaling'];

/** Fields of DeploymentSpec that an update may name. */
const UPDATABLE = [
  'model',
  'runtime',
  'accelerators',
  'concurrency',
  'context_tokens',
  'max_output_tokens',
  'default_max_output_tokens',
  'embedding',
  'residency',
  'drain_timeout',
  'cpu_milli',
  ...SCALE,
];

/** @throws DomainError INVALID_ARGUMENT (INVALID_UPDATE_MASK) naming the path that is no field of the spec */
export function checkMask(paths: readonly string[] | undefined): readonly string[] {
  if (!paths?.length) throw invalidMask('must name the fields to take, such as "replicas"');
  const unknown = paths.find((path) => !UPDATABLE.includes(path));
  if (unknown !== undefined) throw invalidMask(`names "${unknown}"; it can name ${UPDATABLE.join(', ')}`);
  return [...new Set(paths)];
}

/** The spec with the named fields taken from `next`, whole fields at a time. */
export function merged(
  asked: schedulingV1.DeploymentSpec,
  next: schedulingV1.DeploymentSpec,
  paths: readonly string[],
): schedulingV1.DeploymentSpec {
  const taken = paths.map((path) => {
    const field = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [field, next[field as keyof schedulingV1.DeploymentSpec]];
  });
  return { ...asked, ...(Object.fromEntries(taken) as Partial<schedulingV1.DeploymentSpec>) };
}

function invalid(field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_SPEC', `spec.${field} ${problem}`, { details: { field } });
}

function invalidMask(problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_UPDATE_MASK', `update_mask ${problem}`, {
    details: { field: 'update_mask' },
  });
}
