import { DomainError } from '@ostro/kernel';
import { CPU_MODEL, type ModelFactsLike, type Residency, type RuntimeKind, vramNeed } from '@ostro/placement';

/** What a caller asks for; zero and absent mean "choose for me". */
export interface SpecRequest {
  readonly runtime: RuntimeKind | undefined;
  readonly accelerators: AcceleratorNeed;
  readonly concurrency: number;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly defaultMaxOutputTokens: number;
  readonly embedding: boolean;
  readonly residency: Residency;
  readonly drainTimeoutMs: number | undefined;
  readonly cpuMilli: number;
}

/** What an immutable revision holds: the request with nothing left open. */
export interface Spec extends Omit<SpecRequest, 'runtime' | 'drainTimeoutMs'> {
  readonly runtime: RuntimeKind;
  readonly drainTimeoutMs: number;
}

export interface AcceleratorNeed {
  readonly models: readonly string[];
  readonly count: number;
  readonly memoryBytesEach: number;
}

/** What the registry says about the model revision, as far as a spec depends on it. */
export interface ModelToServe {
  readonly format: 'gguf' | 'safetensors';
  readonly facts: ModelFactsLike | undefined;
}

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_CONTEXT_TOKENS = 4096;
const DEFAULT_OUTPUT_TOKENS = 4096;
const DEFAULT_DRAIN_MS = 60_000;
const DEFAULT_CPU_MILLI = 1_000;
/** A cached element of 16 bits, what both engines use unless told otherwise. */
const KV_DTYPE_BYTES = 2;

const FORMAT_OF: Readonly<Record<RuntimeKind, ModelToServe['format'] | undefined>> = {
  'llama-cpp': 'gguf',
  vllm: 'safetensors',
  simulated: undefined,
};

/**
 * Closes what the caller left open, against the facts of the model. Done once per revision, so that a default that
 * changes later changes no revision that runs.
 * @throws DomainError INVALID_ARGUMENT (INVALID_SPEC) naming the field, or what the memory formula refuses.
 */
export function resolveSpec(asked: SpecRequest, model: ModelToServe): Spec {
  const runtime = resolveRuntime(asked.runtime, model);
  const tokens = resolveTokens(asked, model);
  const concurrency = asked.concurrency || DEFAULT_CONCURRENCY;
  const accelerators = { ...asked.accelerators, count: asked.accelerators.count || 1 };
  const memoryBytesEach =
    accelerators.memoryBytesEach || memoryNeed(model, { runtime, concurrency, ...tokens, accelerators });
  return {
    ...asked,
    ...tokens,
    runtime,
    concurrency,
    drainTimeoutMs: asked.drainTimeoutMs ?? DEFAULT_DRAIN_MS,
    cpuMilli: asked.cpuMilli || DEFAULT_CPU_MILLI,
    accelerators: { ...accelerators, memoryBytesEach },
  };
}

function resolveTokens(asked: SpecRequest, model: ModelToServe) {
  const limit = contextLimit(model);
  const contextTokens = asked.contextTokens || Math.min(limit, DEFAULT_CONTEXT_TOKENS);
  if (contextTokens > limit) {
    throw invalid('context_tokens', `is ${contextTokens}; this model was made for at most ${limit}`);
  }
  const maxOutputTokens = asked.maxOutputTokens || contextTokens;
  if (maxOutputTokens > contextTokens) {
    throw invalid('max_output_tokens', `is ${maxOutputTokens}, more than the context of ${contextTokens}`);
  }
  const defaultMaxOutputTokens = Math.min(asked.defaultMaxOutputTokens || DEFAULT_OUTPUT_TOKENS, maxOutputTokens);
  return { contextTokens, maxOutputTokens, defaultMaxOutputTokens };
}

function resolveRuntime(asked: RuntimeKind | undefined, { format }: ModelToServe): RuntimeKind {
  const runtime = asked ?? (format === 'gguf' ? 'llama-cpp' : 'vllm');
  const wanted = FORMAT_OF[runtime];
  if (wanted === undefined || wanted === format) return runtime;
  throw invalid('runtime', `is ${runtime}, which serves ${wanted}; this model is ${format}`);
}

/** Where the registry knows no facts the caller's own numbers have to do. */
function contextLimit({ facts }: ModelToServe): number {
  return facts?.contextLength || Number.MAX_SAFE_INTEGER;
}

/**
 * The most that any accelerator the spec allows would need: overheads differ between GPU and CPU, and one figure has to
 * hold wherever the replica lands.
 */
function memoryNeed(
  { facts }: ModelToServe,
  load: { runtime: RuntimeKind; concurrency: number; contextTokens: number; accelerators: AcceleratorNeed },
): number {
  if (facts === undefined) {
    throw invalid('accelerators.memory_bytes_each', 'must be given: the registry has no facts to compute it from');
  }
  const { models, count } = load.accelerators;
  const needs = (['gpu', 'cpu'] as const)
    .filter((device) => isAllowed(device, models, count))
    .map((device) => vramNeed({ ...load, facts, device, tensorParallel: count, kvDtypeBytes: KV_DTYPE_BYTES }))
    .map(({ perAcceleratorBytes }) => perAcceleratorBytes);
  return Math.max(1, ...needs);
}

function isAllowed(device: 'gpu' | 'cpu', models: readonly string[], count: number): boolean {
  if (device === 'cpu') return count === 1 && (models.length === 0 || models.includes(CPU_MODEL));
  return models.length === 0 || models.some((model) => model !== CPU_MODEL);
}

function invalid(field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_SPEC', `spec.${field} ${problem}`, { details: { field } });
}
