import { DomainError } from '@ostro/kernel';
import type { BatchingSpec, EngineSpec } from '../scenario.ts';
import { BatchingEngine } from './batching-engine.ts';
import { coefficientsFor } from './calibration.ts';
import { ENGINE_KINDS } from './engine-kind.ts';
import type { Engine } from './engine.ts';
import { checkEngineModel, type EngineModel } from './engine-model.ts';
import { FixedTimeEngine } from './fixed-time-engine.ts';
import { type GpuDataSheet, gpuDataSheet } from './gpu.ts';
import { IterationModel } from './iteration-model.ts';
import { engineModel } from './model-catalogue.ts';

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
  checkCount('concurrency', spec.concurrency, 1_000_000);
  return { concurrency: spec.concurrency, create: () => new FixedTimeEngine(spec.concurrency) };
}

function batchingFactory(spec: BatchingSpec, prefixBlockTokens: number): EngineFactory {
  const model: EngineModel = typeof spec.model === 'string' ? engineModel(spec.model) : spec.model;
  checkEngineModel(model);
  const gpu = typeof spec.gpu === 'string' ? gpuDataSheet(spec.gpu) : checkedGpu(spec.gpu);
  const kind = Object.hasOwn(ENGINE_KINDS, spec.engine) ? ENGINE_KINDS[spec.engine]! : undefined;
  if (kind === undefined) throw invalid('engine', `one of ${Object.keys(ENGINE_KINDS).join(', ')}`, spec.engine);
  const { tensorParallel, dataParallel = 1, precision = 'bf16' } = spec;
  const maxSequences = spec.maxSequences ?? kind.maxSequences;
  const contextTokens = spec.contextTokens ?? model.contextTokens;
  checkCount('tensorParallel', tensorParallel, 1024);
  checkCount('dataParallel', dataParallel, 1024);
  checkCount('maxSequences', maxSequences, 1_000_000);
  checkCount('contextTokens', contextTokens, 1_000_000_000);
  const coefficients = spec.coefficients ?? coefficientsFor(kind.name, model.name);
  const iteration = new IterationModel(model, gpu, { tensorParallel, dataParallel, precision }, coefficients);
  if (iteration.kvPoolTokens < prefixBlockTokens) throw doesNotFit(spec, model);
  const usable = Math.max(1, maxSequences - coefficients.reservedSequences);
  const options = {
    model: iteration,
    kind,
    maxSequences: usable,
    contextTokens,
    prefixBlockTokens,
    frontend: coefficients,
  };
  return { concurrency: maxSequences, create: () => new BatchingEngine(options) };
}

function checkedGpu(gpu: GpuDataSheet): GpuDataSheet {
  for (const [field, value] of Object.entries(gpu)) {
    if (!(value > 0 && value < Infinity)) throw invalid(`gpu.${field}`, 'a number above 0', value);
  }
  return gpu;
}

function checkCount(field: string, value: number, max: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= max)) {
    throw invalid(field, `a whole number from 1 to ${max}`, value);
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
