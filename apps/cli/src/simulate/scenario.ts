import type { ScalingPolicy } from '@ostro/autoscaling';
import type { EngineSpec, Scenario, SimulatedDeployment, SimulatedRequest } from '@ostro/simulator';
import type { TraceRequest } from '@ostro/traces';
import { clusterOf, milliEuro } from './cluster.ts';
import { ANY_MODEL, type EngineDocument, type ModelDocument, type PolicyDocument } from './policy-document.ts';
import type { Policy } from './read-policy.ts';
import { loadTimes } from './scaling.ts';
import type { ModelSurvey, TraceFile, TraceSurvey } from './trace-file.ts';
import { fieldPath, type Path, type Problem } from './yaml-text.ts';

const GIB = 2 ** 30;
const CORES_PER_ACCELERATOR = 4;
const HOST_GIB_PER_ACCELERATOR = 16;

/**
 * A policy and a trace as what the simulator takes: one deployment for every model of the trace.
 * @throws DomainError INVALID_ARGUMENT (INVALID_POLICY) for models without an entry, or with an engine that cannot tell
 *   how long their requests take.
 */
export function scenarioOf(policy: Policy, trace: TraceFile, survey: TraceSurvey, seed: number): Scenario {
  const { document, scaling, placement, routing, yaml } = policy;
  const entries = [...survey.models].map(([name, model]) => ({ name, model, at: entryOf(document, name) }));
  const problems = entries.flatMap(({ name, model, at }) => fitProblems(document, at, name, model));
  if (problems.length > 0) throw yaml.refusal(problems);
  const { queue: { maxHoldSeconds, maxRequests } = {}, budget } = document;
  return {
    nodes: clusterOf(document),
    deployments: entries.map(({ name, at }) => deploymentOf(name, document, document.models[at]!, scaling[at]!)),
    requests: requestsOf(trace),
    policy: {
      placement,
      routing,
      autoscaling: scaling[0]!,
      ...(budget && { budgetMilliEuroPerHour: milliEuro(budget.eurosPerHour) }),
      ...(maxHoldSeconds !== undefined && { maxHoldMs: Math.round(maxHoldSeconds * 1_000) }),
      ...(maxRequests !== undefined && { maxQueue: maxRequests }),
    },
    seed,
    startMs: survey.startMs,
    ...(survey.prefixBlockTokens !== undefined && { prefixBlockTokens: survey.prefixBlockTokens }),
  };
}

/** Where the policy tells about a model: its own entry, else the one for all; -1 when there is neither. */
function entryOf({ models }: PolicyDocument, name: string): number {
  const own = models.findIndex((each) => each.name === name);
  return own >= 0 ? own : models.findIndex((each) => each.name === ANY_MODEL);
}

function fitProblems({ models }: PolicyDocument, at: number, name: string, seen: ModelSurvey): Problem[] {
  const model = JSON.stringify(name);
  if (at < 0) return [{ path: ['models'], text: `has no entry for ${model} of the trace: add one, or one named "*"` }];
  const path = ['models', at, 'engine', 'kind'];
  const { kind } = models[at]!.engine;
  if (kind === 'batching' && seen.tokenRequests < seen.requests) {
    return [
      {
        path,
        text: `is batching, but the trace tells of ${model} how long requests took, not their tokens: use fixed-time`,
      },
    ];
  }
  if (kind === 'fixed-time' && seen.tokenRequests > 0) {
    return [
      { path, text: `is fixed-time, but the trace tells of ${model} tokens, not how long requests took: use batching` },
    ];
  }
  return [];
}

function* requestsOf(trace: TraceFile): Generator<SimulatedRequest> {
  for (const request of trace.requests()) yield simulated(request);
}

function simulated({
  arrivalMs,
  model,
  inputTokens,
  outputTokens,
  executionMs,
  prefix,
}: TraceRequest): SimulatedRequest {
  return {
    arrivalMs,
    deployment: model,
    inputTokens,
    outputTokens,
    ...(executionMs !== undefined && { serviceMs: executionMs }),
    ...(prefix && { prefixBlocks: prefix.blocks }),
  };
}

function deploymentOf(
  name: string,
  document: PolicyDocument,
  model: ModelDocument,
  autoscaling: ScalingPolicy,
): SimulatedDeployment {
  const { accelerators, residency = {} } = model;
  const count = accelerators.count ?? 1;
  return {
    name,
    engine: engineOf(model.engine, accelerators.model, count),
    placement: {
      accelerator: {
        models: [accelerators.model],
        count,
        memoryBytesEach: Math.round((accelerators.memoryGiB ?? smallestGiB(document, accelerators.model)) * GIB),
        exclusive: accelerators.memoryGiB === undefined,
      },
      cpuMilli: Math.round((model.cpuCores ?? CORES_PER_ACCELERATOR * count) * 1_000),
      hostMemoryBytes: Math.round((model.hostMemoryGiB ?? HOST_GIB_PER_ACCELERATOR * count) * GIB),
      residency: { countries: [], operators: [], certifications: [], ...residency },
    },
    load: loadTimes(model),
    autoscaling,
  };
}

/** A replica that takes accelerators whole fits on the smallest of their model. */
function smallestGiB({ cluster }: PolicyDocument, accelerator: string): number {
  return Math.min(...cluster.nodes.filter(({ model }) => model === accelerator).map(({ memoryGiB }) => memoryGiB));
}

function engineOf(engine: EngineDocument, gpu: string, tensorParallel: number): EngineSpec {
  if (engine.kind === 'fixed-time') return { kind: 'fixed-time', concurrency: engine.concurrency ?? 1 };
  const { runtime, ...rest } = engine;
  return { ...rest, engine: runtime, gpu, tensorParallel };
}

const FIELDS: Readonly<Record<string, string>> = { placement: 'accelerators' };

/** Where the policy file says what the simulator refuses; undefined for what is not the policy's, such as the trace. */
export function placeInPolicy(field: string, { deployments }: Scenario, document: PolicyDocument): Path | undefined {
  const [first, second, third] = fieldPath(field);
  if (first === 'policy') return [second === 'budgetMilliEuroPerHour' ? 'budget' : String(second)];
  if (first === 'nodes') return ['cluster', 'nodes'];
  if (first !== 'deployments') return undefined;
  const at = entryOf(document, deployments[Number(second)]!.name);
  return third === undefined ? ['models', at] : ['models', at, FIELDS[third] ?? third];
}
