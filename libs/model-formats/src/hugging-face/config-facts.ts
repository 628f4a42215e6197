import type { LatentAttention, ModelFacts, SlidingWindow } from '../model-facts.ts';
import { quantisationName } from './quantisation-name.ts';
import { JsonObject } from './json-object.ts';

/** What `config.json` alone says; the weights say the rest. */
export type ConfigFacts = Omit<
  ModelFacts,
  'format' | 'name' | 'licence' | 'quantisation' | 'fileType' | 'weightBytes' | 'parameterCount' | 'chatTemplate'
> & {
  /** Null for weights that are not quantised: then the dtype most bytes have is the name. */
  readonly quantisation: string | null;
};

const MAX_LAYERS = 4_096;
const MAX_WIDTH = 1_048_576;
const MAX_TOKENS = 4_294_967_295;

/** Facts out of the text of a repository's config.json. Throws CONFIG_JSON or CONFIG_FIELD. */
export function readHuggingFaceConfig(text: string): ConfigFacts {
  const whole = JsonObject.parse('config.json', text);
  // Models that also see or hear keep their language model's numbers one level down.
  const config = whole.object('text_config') ?? whole;
  const layers = config.requiredCount('num_hidden_layers', MAX_LAYERS);
  return {
    architecture: whole.text('model_type') ?? 'unknown',
    layers,
    embeddingLength: config.requiredCount('hidden_size', MAX_WIDTH),
    ...readAttention(config, layers),
    contextLength: config.requiredCount('max_position_embeddings', MAX_TOKENS),
    slidingWindow: readSlidingWindow(config, layers),
    latentAttention: readLatentAttention(config),
    vocabularySize: (whole.count('vocab_size') === null ? config : whole).requiredCount('vocab_size', MAX_TOKENS),
    quantisation: quantisationName(whole.object('quantization_config') ?? config.object('quantization_config')),
    isEmbedding: isEmbedding(whole),
    bosTokenId: whole.count('bos_token_id') ?? config.count('bos_token_id'),
    eosTokenIds: tokenIds(whole.raw('eos_token_id') ?? config.raw('eos_token_id')),
  };
}

/** `eos_token_id` is one id or several. */
export function tokenIds(value: unknown): readonly number[] {
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
  return ids.filter((id): id is number => Number.isSafeInteger(id) && Number(id) >= 0);
}

type Attention = Pick<ModelFacts, 'kvHeads' | 'kvHeadsPerLayer' | 'keyHeadSize' | 'valueHeadSize'>;

function readAttention(config: JsonObject, layers: number): Attention {
  const heads = config.requiredCount('num_attention_heads', MAX_WIDTH);
  const kvHeads = config.count('num_key_value_heads') ?? heads;
  const headSize = config.count('head_dim') ?? Math.floor(config.requiredCount('hidden_size', MAX_WIDTH) / heads);
  const latentKey = (config.count('qk_nope_head_dim') ?? 0) + (config.count('qk_rope_head_dim') ?? 0);
  return {
    kvHeads,
    kvHeadsPerLayer: attendingLayers(config, layers, kvHeads),
    keyHeadSize: latentKey > 0 ? latentKey : headSize,
    valueHeadSize: config.count('v_head_dim') ?? headSize,
  };
}

/** Null where every layer attends; linear attention keeps no cache that grows with the tokens. */
function attendingLayers(config: JsonObject, layers: number, kvHeads: number): readonly number[] | null {
  const kinds = layerKinds(config, layers) ?? [];
  if (!kinds.some((kind) => kind.startsWith('linear'))) return null;
  return kinds.map((kind) => (kind.startsWith('linear') ? 0 : kvHeads));
}

function layerKinds(config: JsonObject, layers: number): readonly string[] | null {
  const kinds = config.raw('layer_types');
  if (!Array.isArray(kinds) || kinds.length !== layers) return null;
  return kinds.map(String);
}

function readSlidingWindow(config: JsonObject, layers: number): SlidingWindow | null {
  const tokens = config.count('sliding_window') ?? 0;
  if (tokens === 0 || config.flag('use_sliding_window') === false) return null;
  const kinds = layerKinds(config, layers);
  if (kinds !== null) {
    const sliding = kinds.filter((kind) => kind.startsWith('sliding')).length;
    return sliding === 0 ? null : { tokens, layers: sliding };
  }
  const pattern = config.count('sliding_window_pattern') ?? 0;
  if (pattern > 0) return { tokens, layers: layers - Math.floor(layers / pattern) };
  return { tokens, layers: config.text('model_type') === 'mistral' ? layers : null };
}

function readLatentAttention(config: JsonObject): LatentAttention | null {
  const kvLoraRank = config.count('kv_lora_rank') ?? 0;
  return kvLoraRank === 0 ? null : { kvLoraRank, ropeHeadSize: config.requiredCount('qk_rope_head_dim', MAX_WIDTH) };
}

/** A Hugging Face class says what a model is for: the ones that generate say so. */
function isEmbedding(config: JsonObject): boolean {
  const classes = config.raw('architectures');
  if (!Array.isArray(classes) || classes.length === 0) return false;
  return !classes.some((name) => /(ForCausalLM|ForConditionalGeneration|LMHeadModel)$/.test(String(name)));
}
