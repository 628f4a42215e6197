import type { EngineModel, Experts } from './engine-model.ts';

export type Precision = 'bf16' | 'fp8' | 'int4';

const BYTES: Readonly<Record<Precision, { readonly dense: number; readonly expert: number }>> = {
  bf16: { dense: 2, expert: 2 },
  fp8: { dense: 1, expert: 1 },
  // Published int4 checkpoints keep attention and shared experts in 16 bit; a scale for each group of 32.
  int4: { dense: 2, expert: 0.5625 },
};

export const PRECISIONS: readonly string[] = Object.keys(BYTES);

/** Where a model's parameters are, and what they weigh. */
export interface ModelSizes {
  /** Attention, dense layers and shared experts. */
  readonly denseParameters: number;
  readonly expertParameters: number;
  /** Of the experts' parameters, those that one token uses. */
  readonly activeExpertParameters: number;
  /** One table of the vocabulary; input and output have one each. */
  readonly embeddingParameters: number;
  readonly denseBytes: number;
  readonly expertBytes: number;
  readonly embeddingBytes: number;
}

export function modelSizes({ vocabulary, hidden, parameters, experts }: EngineModel, precision: Precision): ModelSizes {
  const embeddingParameters = vocabulary * hidden;
  const expertParameters = experts?.parameters ?? 0;
  const denseParameters = parameters - expertParameters - embeddingParameters;
  const bytes = BYTES[precision];
  return {
    denseParameters,
    expertParameters,
    activeExpertParameters: experts === undefined ? 0 : (expertParameters / experts.count) * experts.perToken,
    embeddingParameters,
    denseBytes: denseParameters * bytes.dense,
    expertBytes: expertParameters * bytes.expert,
    embeddingBytes: 2 * embeddingParameters * bytes.dense,
  };
}

/** Layers whose attention reads what the context left in the cache. */
export function attendingLayers({ attention, layers }: EngineModel): number {
  return attention.kind === 'grouped' ? (attention.layers ?? layers) : layers;
}

/** Over how many GPUs of a group the cache divides: beyond the KV heads there are copies, and a latent is copied always. */
export function kvShards({ attention }: EngineModel, tensorParallel: number): number {
  return attention.kind === 'grouped' ? Math.min(tensorParallel, attention.kvHeads) : 1;
}

/** Elements that one token leaves in the KV cache: 2 x layers x kv_heads x head_size, or layers x (rank + rope). */
export function kvElementsPerToken(model: EngineModel): number {
  const { attention } = model;
  const each =
    attention.kind === 'latent' ? attention.kvRank + attention.ropeSize : 2 * attention.kvHeads * attention.headSize;
  return attendingLayers(model) * each;
}

/**
 * Experts of a layer that a batch of tokens uses, if each token draws its own at random:
 *
 *     count x (1 - (1 - perToken / count) ^ tokens)
 *
 * By repeated squaring, which every machine rounds alike.
 */
export function expertsTouched({ count, perToken }: Experts, tokens: number): number {
  let untouched = 1;
  let base = 1 - perToken / count;
  for (let left = Math.floor(tokens); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) untouched *= base;
    base *= base;
  }
  return count * (1 - untouched);
}
