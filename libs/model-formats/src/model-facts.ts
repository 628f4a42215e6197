import type { WeightFormat } from './detect-format.ts';

/**
 * What a model is, as its files say: enough to size it, place it and serve it. Plain JSON: every quantity a safe
 * integer. Null stands for "the files do not say".
 */
export interface ModelFacts {
  readonly format: WeightFormat;
  /** `general.architecture` of a GGUF, `model_type` of a Hugging Face configuration. */
  readonly architecture: string;
  readonly name: string | null;
  readonly licence: string | null;
  readonly layers: number;
  readonly embeddingLength: number;
  /** The most KV heads any layer has; 0 where nothing attends. */
  readonly kvHeads: number;
  /** Where layers differ, the KV heads of each (0: the layer keeps no KV cache); null where all have `kvHeads`. */
  readonly kvHeadsPerLayer: readonly number[] | null;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
  /** Tokens the model was made for. */
  readonly contextLength: number;
  readonly slidingWindow: SlidingWindow | null;
  /** Multi-head latent attention: the cache holds the latent and the rotary part instead of keys and values. */
  readonly latentAttention: LatentAttention | null;
  readonly vocabularySize: number;
  /** `Q4_K_M`, `BF16`, `w8a8`, `fbgemm_fp8`: the publisher's own word. */
  readonly quantisation: string;
  /** `general.file_type` of a GGUF. */
  readonly fileType: number | null;
  /** The sum over all tensors in all files, from their headers; never parameters times a type read from a name. */
  readonly weightBytes: number;
  /** Elements stored. Packed formats (AWQ, GPTQ) count the integers that pack them. */
  readonly parameterCount: number;
  /** True for a model that answers with a vector, not with text. */
  readonly isEmbedding: boolean;
  readonly chatTemplate: string | null;
  readonly bosTokenId: number | null;
  /** Each of these ends an answer. */
  readonly eosTokenIds: readonly number[];
}

export interface SlidingWindow {
  readonly tokens: number;
  /** How many of the layers keep only the window; null where the files do not say which do. */
  readonly layers: number | null;
}

export interface LatentAttention {
  readonly kvLoraRank: number;
  readonly ropeHeadSize: number;
}
