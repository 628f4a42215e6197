import type { ModelFactsLike } from '@ostro/placement';

/** An open-weight model, and how it is served: on so many accelerators of one of these models. */
export interface CatalogueEntry {
  readonly name: string;
  readonly facts: ModelFactsLike;
  readonly servings: readonly Serving[];
  /** Requests at once that a replica promises, and the context of each. */
  readonly concurrency: number;
  readonly contextTokens: number;
}

export interface Serving {
  readonly tensorParallel: number;
  readonly accelerators: readonly string[];
}

const GB = 1e9;
const ANY = ['L40S-48GB', 'A100-80GB', 'H100-80GB', 'H200-141GB'];
const BIG = ['A100-80GB', 'H100-80GB', 'H200-141GB'];
const HOPPER = ['H100-80GB', 'H200-141GB'];
const H200 = ['H200-141GB'];

const on = (tensorParallel: number, accelerators: readonly string[]): Serving => ({ tensorParallel, accelerators });

type Shape = readonly [layers: number, embedding: number, kvHeads: number, headSize: number, vocabulary: number];

/** [layers, embedding length, KV heads, head size, vocabulary] of config.json and the bytes of the safetensors files. */
function entry(
  name: string,
  [layers, embeddingLength, kvHeads, headSize, vocabularySize]: Shape,
  weightGb: number,
  servings: readonly Serving[],
  rest: { readonly load?: readonly [number, number]; readonly facts?: Partial<ModelFactsLike> } = {},
): CatalogueEntry {
  const [concurrency, contextTokens] = rest.load ?? [8, 8192];
  return {
    name,
    concurrency,
    contextTokens,
    servings,
    facts: {
      architecture: name,
      layers,
      embeddingLength,
      kvHeads,
      keyHeadSize: headSize,
      valueHeadSize: headSize,
      vocabularySize,
      contextLength: 131_072,
      quantisation: 'as published',
      weightBytes: Math.round(weightGb * GB),
      ...rest.facts,
    },
  };
}

const slides = (tokens: number, layers: number): Partial<ModelFactsLike> => ({ slidingWindow: { tokens, layers } });

/** What the open-weight models of 2023 to 2025 say of themselves, most asked for first. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  entry('Llama-3.1-8B-Instruct', [32, 4096, 8, 128, 128_256], 16.1, [on(1, ANY)], { load: [16, 8192] }),
  entry('Qwen2.5-7B-Instruct', [28, 3584, 4, 128, 152_064], 15.2, [on(1, ANY)], { load: [16, 8192] }),
  entry('gpt-oss-120b', [36, 2880, 8, 64, 201_088], 65.2, [on(1, HOPPER), on(2, BIG)], { facts: slides(128, 18) }),
  entry('Llama-3.3-70B-Instruct', [80, 8192, 8, 128, 128_256], 141.1, [on(4, BIG), on(2, H200)]),
  entry('gpt-oss-20b', [24, 2880, 8, 64, 201_088], 13.8, [on(1, ANY)], { load: [16, 16_384], facts: slides(128, 12) }),
  entry('Qwen3-32B', [64, 5120, 8, 128, 151_936], 65.5, [on(2, BIG), on(1, H200)]),
  entry('Mistral-Small-24B-Instruct', [40, 5120, 8, 128, 131_072], 47.1, [on(1, BIG), on(2, ANY)]),
  entry('Qwen3-8B', [36, 4096, 8, 128, 151_936], 16.4, [on(1, ANY)]),
  entry('gemma-3-12b-it', [48, 3840, 8, 256, 262_208], 24.4, [on(1, ANY)], { facts: slides(1024, 40) }),
  entry('Llama-3.1-70B-Instruct-FP8', [80, 8192, 8, 128, 128_256], 72.7, [on(2, HOPPER), on(1, H200)]),
  entry('gemma-3-27b-it', [62, 5376, 16, 128, 262_208], 54.9, [on(1, BIG)], {
    load: [4, 8192],
    facts: slides(1024, 52),
  }),
  entry('Mistral-7B-Instruct-v0.3', [32, 4096, 8, 128, 32_768], 14.5, [on(1, ANY)], { load: [8, 16_384] }),
  entry('Qwen2.5-14B-Instruct', [48, 5120, 8, 128, 152_064], 29.5, [on(1, BIG), on(2, ANY)]),
  entry('Qwen3-30B-A3B', [48, 2048, 4, 128, 151_936], 61.1, [on(1, BIG)], { load: [8, 4096] }),
  entry('DeepSeek-R1-Distill-Llama-70B', [80, 8192, 8, 128, 128_256], 141.1, [on(4, BIG)], { load: [4, 32_768] }),
  entry('phi-4', [40, 5120, 10, 128, 100_352], 29.3, [on(1, ANY)], { load: [4, 8192] }),
  entry('Qwen2.5-72B-Instruct', [80, 8192, 8, 128, 152_064], 145.4, [on(4, BIG), on(2, H200)]),
  entry('Llama-3.2-3B-Instruct', [28, 3072, 8, 128, 128_256], 6.4, [on(1, ANY)], { load: [16, 4096] }),
  entry('Qwen2.5-32B-Instruct', [64, 5120, 8, 128, 152_064], 65.5, [on(2, BIG), on(4, ANY)]),
  entry('Mixtral-8x7B-Instruct', [32, 4096, 8, 128, 32_000], 93.4, [on(2, BIG)]),
  entry('gemma-2-9b-it', [42, 3584, 8, 256, 256_000], 18.5, [on(1, ANY)], { facts: slides(4096, 21) }),
  entry('Qwen3-235B-A22B-FP8', [94, 4096, 4, 128, 151_936], 236.4, [on(4, HOPPER), on(8, HOPPER)]),
  entry('Llama-3.2-1B-Instruct', [16, 2048, 8, 64, 128_256], 2.5, [on(1, ANY)], { load: [32, 4096] }),
  entry('DeepSeek-V3', [61, 7168, 128, 192, 129_280], 688.6, [on(8, H200)], {
    facts: { valueHeadSize: 128, latentAttention: { kvLoraRank: 512, ropeHeadSize: 64 } },
  }),
  entry('Qwen3-0.6B', [28, 1024, 8, 128, 151_936], 1.5, [on(1, ANY)], { load: [32, 4096] }),
  entry('Llama-3.1-405B-Instruct-FP8', [126, 16_384, 8, 128, 128_256], 410.1, [on(8, HOPPER)]),
];
