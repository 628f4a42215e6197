import { DomainError } from '@ostro/kernel';
import { kvBytes, kvBytesPerToken, kvShards } from './kv-cache.ts';
import { checkFacts, type ModelFactsLike } from './model-facts.ts';
import { type Device, type Overheads, overheadsOf, type RuntimeKind } from './overheads.ts';

export interface VramNeedInput {
  readonly facts: ModelFactsLike;
  readonly runtime: RuntimeKind;
  /** `gpu` unless the replica runs on the CPU pseudo-accelerator. */
  readonly device?: Device;
  readonly tensorParallel: number;
  /** Context promised to each request. */
  readonly contextTokens: number;
  /** Requests that are promised it at once. */
  readonly concurrency: number;
  /** Bytes of one cached element: 2 for 16 bit, 1 for FP8, 1.0625 for llama.cpp's q8_0. */
  readonly kvDtypeBytes: number;
  /** What was really used for this (model, runtime, TP, length, GPU); replaces the guesses it names. */
  readonly learned?: LearnedVram;
}

/** Measured on one accelerator. */
export interface LearnedVram {
  readonly weightsBytes?: number;
  readonly activationBytes?: number;
  readonly nonTorchBytes?: number;
  readonly graphBytes?: number;
}

export interface VramNeed {
  /** Weights on one accelerator. */
  readonly weightsBytes: number;
  /** One token in the whole model. */
  readonly kvBytesPerToken: number;
  /** One token on one accelerator. */
  readonly kvBytesPerTokenEach: number;
  /** The promised cache of the whole model. */
  readonly kvBytes: number;
  /** On one accelerator, as the two below. */
  readonly activationBytes: number;
  readonly nonTorchBytes: number;
  readonly graphBytes: number;
  /** What `PlacementRequest.accelerator.memoryBytesEach` asks for. */
  readonly perAcceleratorBytes: number;
  readonly totalBytes: number;
}

/**
 * Memory that a replica needs so that every promised request keeps its context:
 *
 *     per accelerator = weights / TP + kv / min(TP, kv_heads) + activation peak + non-torch + graphs
 *
 * @throws DomainError INVALID_ARGUMENT for facts or numbers that make no sense, or a context the model was not made for.
 */
export function vramNeed(input: VramNeedInput): VramNeed {
  const { facts, tensorParallel, kvDtypeBytes, learned = {} } = input;
  check(input);
  const overheads = overheadsOf(input.runtime, input.device ?? 'gpu');
  const shards = kvShards(facts, tensorParallel, overheads.splitsByLayer);
  const kv = kvBytes(facts, { ...input, stepTokens: overheads.stepTokens }, kvDtypeBytes);
  const perToken = kvBytesPerToken(facts, kvDtypeBytes);
  const each = {
    weightsBytes: learned.weightsBytes ?? Math.ceil(Number(facts.weightBytes) / tensorParallel),
    activationBytes: learned.activationBytes ?? overheads.activationBytes ?? computeBufferBytes(input, overheads),
    nonTorchBytes: learned.nonTorchBytes ?? nonTorchBytes(overheads, tensorParallel),
    graphBytes: learned.graphBytes ?? overheads.graphBytes,
  };
  const perAcceleratorBytes =
    each.weightsBytes + Math.ceil(kv / shards) + each.activationBytes + each.nonTorchBytes + each.graphBytes;
  return {
    ...each,
    kvBytesPerToken: perToken,
    kvBytesPerTokenEach: Math.ceil(perToken / shards),
    kvBytes: kv,
    perAcceleratorBytes,
    totalBytes: perAcceleratorBytes * tensorParallel,
  };
}

function nonTorchBytes(overheads: Overheads, tensorParallel: number): number {
  return tensorParallel === 1 ? overheads.nonTorchBytes : overheads.nonTorchInGroupBytes;
}

const FLOAT_BYTES = 4;

/**
 * llama.cpp's compute buffer without flash attention: the larger of the attention scores and the logits of one step of
 * tokens, with the mask and four residual streams, all in 32 bit. The allocator reuses memory, so the two never add.
 * Mistral-7B at 32k: 32 x 32,768 x 512 x 4 + 64 MiB + 32 MiB = 2,144 MiB.
 */
function computeBufferBytes({ facts, contextTokens, concurrency }: VramNeedInput, { stepTokens }: Overheads): number {
  const tokens = contextTokens * concurrency;
  const heads = facts.keyHeadSize === 0 ? 0 : Math.ceil(facts.embeddingLength / facts.keyHeadSize);
  const widest = Math.max(heads * tokens, facts.vocabularySize);
  return stepTokens * FLOAT_BYTES * (widest + tokens + 4 * facts.embeddingLength);
}

const MAX_TENSOR_PARALLEL = 1024;
const MAX_CONCURRENCY = 1_000_000;
const MAX_KV_DTYPE_BYTES = 8;

function check(input: VramNeedInput): void {
  checkFacts(input.facts);
  const { contextLength } = input.facts;
  checkCount('tensorParallel', input.tensorParallel, MAX_TENSOR_PARALLEL);
  checkCount('concurrency', input.concurrency, MAX_CONCURRENCY);
  checkCount('contextTokens', input.contextTokens, contextLength, ', the context the model was made for');
  if (!(input.kvDtypeBytes > 0 && input.kvDtypeBytes <= MAX_KV_DTYPE_BYTES)) {
    throw invalid('kvDtypeBytes', `more than 0 and at most ${MAX_KV_DTYPE_BYTES}, not ${input.kvDtypeBytes}`);
  }
  for (const [field, value] of Object.entries(input.learned ?? {})) {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw invalid(`learned.${field}`, `a whole number of bytes, not ${value}`);
    }
  }
}

function checkCount(field: string, value: number, max: number, why = ''): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw invalid(field, `a whole number from 1 to ${max}${why}, not ${value}`);
}

function invalid(field: string, expected: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_VRAM_INPUT', `${field} must be ${expected}`, {
    details: { field },
  });
}
