import type { ModelFactsLike } from './model-facts.ts';

/**
 * KV cache of one token in all layers, in bytes of the whole model.
 *
 *     2 x layers x kv_heads x head_dim x bytes          (keys and values counted apart, they may differ in size)
 *     layers x (kv_lora_rank + rope_dim) x bytes        with latent attention
 */
export function kvBytesPerToken(facts: ModelFactsLike, kvDtypeBytes: number): number {
  return Math.ceil(elementsPerToken(facts) * kvDtypeBytes);
}

/**
 * KV cache of `concurrency` sequences of `contextTokens`. Sliding layers keep their window of each sequence, and one
 * step of tokens on top while it is computed; never more than a full layer would.
 */
export function kvBytes(
  facts: ModelFactsLike,
  load: { readonly contextTokens: number; readonly concurrency: number; readonly stepTokens: number },
  kvDtypeBytes: number,
): number {
  const tokens = load.contextTokens * load.concurrency;
  const window = facts.slidingWindow;
  if (window == null || window.tokens === 0) return Math.ceil(elementsPerToken(facts) * tokens * kvDtypeBytes);
  const slidingLayers = window.layers ?? facts.layers;
  const sliding = Math.min(tokens, window.tokens * load.concurrency + load.stepTokens);
  const elementsPerLayer = elementsPerToken(facts) / facts.layers;
  const elements = elementsPerLayer * ((facts.layers - slidingLayers) * tokens + slidingLayers * sliding);
  return Math.ceil(elements * kvDtypeBytes);
}

/** Over how many accelerators the cache divides: ranks beyond the KV heads hold copies, and a latent is never divided. */
export function kvShards(facts: ModelFactsLike, tensorParallel: number, splitsByLayer: boolean): number {
  if (splitsByLayer) return tensorParallel;
  if (facts.latentAttention != null) return 1;
  return Math.max(1, Math.min(tensorParallel, facts.kvHeads));
}

function elementsPerToken({ layers, kvHeads, kvHeadsPerLayer, ...facts }: ModelFactsLike): number {
  if (facts.latentAttention != null) {
    return layers * (facts.latentAttention.kvLoraRank + facts.latentAttention.ropeHeadSize);
  }
  const heads = kvHeadsPerLayer?.reduce((sum, each) => sum + each, 0) ?? layers * kvHeads;
  return heads * (facts.keyHeadSize + facts.valueHeadSize);
}
