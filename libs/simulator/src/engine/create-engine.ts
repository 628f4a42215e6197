import { DomainError } from '@ostro/kernel';
import type { BatchingSpec, EngineSpec } from '../scenario.ts';
import { BatchingEngine } from './batching-engine.ts';
import { coefficientsFor } from './calibration.ts';
import { ENGINE_KINDS, type EngineKind } from './engine-kind.ts';
import type { Engine } from './engine.ts';
import { checkEngineModel, type EngineModel } from './engine-model.ts';
import { FixedTimeEngine } from './fixed-time-engine.ts';
import { type GpuDataSheet, gpuDataSheet } from './gpu.ts';
import { IterationModel } from './iteration-model.ts';
import { engineModel } from './model-catalogue.ts';
import { PRECISIONS } from './model-sizes.ts';

const MAX_COUNT = 1_000_000_000;

/** A maker of equal engines: everything that does not change between replicas is worked out once. */
export interface EngineFactory {
  readonly concurrency: number;
  create(): Engine;
}

/**
 * @throws DomainError NOT_FOUND (UNKNOWN_MODEL, UNKNOWN_GPU), INVALID_ARGUMENT for figures that make no sense,
 * FAILED_PRECONDITION (MODEL_DOES_NOT_FIT) when the GPUs cannot hold the weights.
 */
export function engineFactory(spec: EngineSpec, prefixBlockTokens: number): EngineFactory {
  if (spec.kind === 'batching') return batchingFactory(spec, prefixBlockTokens);
  const { concurrency } = spec;
  checkCounts({ concurrency });
  return { concurrency, create: () => new FixedTimeEngine(concurrency) };
}

function batchingFactory(spec: BatchingSpec, prefixBlockTokens: number): EngineFactory {
  const model: EngineModel = typeof spec.model === 'string' ? engineModel(spec.model) : spec.model;
  checkEngineModel(model);
  const gpu = typeof spec.gpu === 'string' ? gpuDataSheet(spec.gpu) : checkedGpu(spec.gpu);
  const kind = engineKind(spec.engine);
  const { tensorParallel, dataParallel = 1, precision = 'bf16' } = spec;
  const { maxSequences = kind.maxSequences, contextTokens = model.contextTokens } = spec;
  checkCounts({ tensorParallel, dataParallel, maxSequences, contextTokens });
  if (!PRECISIONS.includes(precision)) throw invalid('precision', `one of ${PRECISIONS.join(', ')}`, precision);
  const coefficients = spec.coefficients ?? coefficientsFor(kind.name, model.name);
  const iteration = new IterationModel(model, gpu, { tensorParallel, dataParallel, precision }, coefficients);
  if (iteration.kvPoolTokens < prefixBlockTokens) throw doesNotFit(spec, model);
  const options = {
    model: iteration,
    kind,
    tokenBudget: coefficients.tokenBudget,
    maxSequences: Math.max(1, maxSequences - coefficients.reservedSequences),
    contextTokens,
    prefixBlockTokens,
    frontend: coefficients,
  };
  return { concurrency: maxSequences, create: () => new BatchingEngine(options) };
}

function engineKind(name: string): EngineKind {
  const found = Object.hasOwn(ENGINE_KINDS, name) ? ENGINE_KINDS[name] : undefined;
  if (found === undefined) throw invalid('engine', `one of ${Object.keys(ENGINE_KINDS).join(', ')}`, name);
  return found;
}

function checkedGpu(gpu: GpuDataSheet): GpuDataSheet {
  for (const [field, value] of Object.entries(gpu)) {
    if (!(value > 0 && value < Infinity)) throw invalid(`gpu.${field}`, 'a number above 0', value);
  }
  return gpu;
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [field, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) continue;
    throw invalid(field, `a whole number from 1 to ${MAX_COUNT}`, value);
  }
}

function invalid(field: string, expected: string, value: unknown): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_ENGINE', `${field} must be ${expected}, not ${String(value)}`, {
    details: { field },
  });
}

function doesNotFit({ tensorParallel, precision = 'bf16' }: BatchingSpec, { name }: EngineModel): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'MODEL_DOES_NOT_FIT',
    `${name} in ${precision} leaves no room for a KV cache on ${tensorParallel} of these GPUs; use more, or fewer bits`,
    { details: { field: 'tensorParallel' } },
  );
}
