import type { EngineModel, Experts } from './engine-model.ts';

export type Precision = 'bf16' | 'fp8' | 'int4';

const BYTES: Readonly<Record<Precision, { readonly dense: number; readonly expert: number }>> = {
  bf16: { dense: 2, expert: 2 },
  fp8: { dense: 1, expert: 1 },
  // Published int4 checkpoints keep attention and shared experts in 16 bit; a scale for each group of 32.
  int4: { dense: 2, expert: 0.5625 },
};

export function bytesPerParameter(precision: Precision): { readonly dense: number; readonly expert: number } {
  return BYTES[precision];
}

/** Elements that one token leaves in the KV cache: 2 x layers x kv_heads x head_size, or layers x (rank + rope). */
export function kvElementsPerToken({ attention, layers }: EngineModel): number {
  if (attention.kind === 'latent') return layers * (attention.kvRank + attention.ropeSize);
  return 2 * (attention.layers ?? layers) * attention.kvHeads * attention.headSize;
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
