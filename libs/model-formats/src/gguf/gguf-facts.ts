import type { LatentAttention, ModelFacts, SlidingWindow } from '../model-facts.ts';
import { quoted, refuse } from '../rules.ts';
import { GgufKeys } from './gguf-keys.ts';
import { checkLlama } from './gguf-llama.ts';
import type { GgufTensor } from './gguf-tensors.ts';
import { FILE_TYPES } from './gguf-types.ts';
import { joinSplit } from './gguf-split.ts';
import type { GgufHeader } from './read-gguf.ts';

const MAX_LAYERS = 4_096;
const MAX_EMBEDDING = 1_048_576;
const UINT32_MAX = 4_294_967_295;

/** The tokenizers llama.cpp has; it loads no model with another. */
const TOKENIZERS: ReadonlySet<string> = new Set([
  'bert',
  'gemma4',
  'gpt2',
  'hybriddna',
  'llama',
  'plamo2',
  'rwkv',
  't5',
  'whitespace',
]);

/** Of n layers the last attends to everything, the others to the window: llama.cpp knows it, the files do not say. */
const SLIDING_PATTERN: Readonly<Record<string, number>> = {
  gemma2: 2,
  gemma3: 6,
  gemma3n: 5,
  cohere2: 4,
  'gpt-oss': 2,
};

/**
 * Facts of a GGUF model, which may be split over several files. Beyond well-formed headers this asks for what every
 * runtime needs: the keys that size the model, a vocabulary, and an embedding that fits both.
 */
export function ggufFacts(parts: readonly GgufHeader[]): ModelFacts {
  const { metadata, tensors } = joinSplit(parts);
  const keys = new GgufKeys(metadata);
  const layers = keys.requiredCount(keys.own('block_count'), MAX_LAYERS);
  const embeddingLength = keys.requiredCount(keys.own('embedding_length'), MAX_EMBEDDING);
  const vocabularySize = readVocabularySize(keys, tensors, embeddingLength);
  const attention = readAttention(keys, layers, embeddingLength);
  checkBlocks(keys, tensors, layers);
  if (keys.architecture === 'llama') checkLlama(keys, tensors, { layers, embeddingLength, ...attention });
  const fileType = keys.count('general.file_type');
  return {
    format: 'gguf',
    architecture: keys.architecture,
    name: keys.text('general.name'),
    licence: keys.text('general.license'),
    layers,
    embeddingLength,
    ...attention,
    contextLength: keys.requiredCount(keys.own('context_length'), UINT32_MAX),
    slidingWindow: readSlidingWindow(keys, layers),
    latentAttention: readLatentAttention(keys),
    vocabularySize,
    quantisation: (fileType === null ? undefined : FILE_TYPES[fileType]) ?? mostUsedType(tensors),
    fileType,
    weightBytes: tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
    parameterCount: tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    isEmbedding: (keys.count(keys.own('pooling_type')) ?? 0) > 0 || keys.flag(keys.own('attention.causal')) === false,
    chatTemplate: keys.text('tokenizer.chat_template'),
    ...readSpecialTokens(keys, vocabularySize),
  };
}

type Attention = Pick<ModelFacts, 'kvHeads' | 'kvHeadsPerLayer' | 'keyHeadSize' | 'valueHeadSize'>;

function readAttention(keys: GgufKeys, layers: number, embeddingLength: number): Attention {
  const heads = keys.countPerLayer(keys.own('attention.head_count'), layers);
  const mostHeads = largest(heads ?? 0);
  const perLayer = keys.countPerLayer(keys.own('attention.head_count_kv'), layers) ?? heads ?? 0;
  if (largest(perLayer) > MAX_EMBEDDING)
    keys.refuseValue(keys.own('attention.head_count_kv'), String(largest(perLayer)));
  const usual = mostHeads === 0 ? 0 : Math.floor(embeddingLength / mostHeads);
  const differs = typeof perLayer !== 'number' && new Set(perLayer).size > 1;
  return {
    kvHeads: largest(perLayer),
    kvHeadsPerLayer: differs ? perLayer : null,
    keyHeadSize: headSize(keys, 'attention.key_length') ?? usual,
    valueHeadSize: headSize(keys, 'attention.value_length') ?? usual,
  };
}

function headSize(keys: GgufKeys, suffix: string): number | null {
  const size = keys.count(keys.own(suffix));
  if (size !== null && size > MAX_EMBEDDING) keys.refuseValue(keys.own(suffix), String(size));
  return size;
}

function readSlidingWindow(keys: GgufKeys, layers: number): SlidingWindow | null {
  const tokens = keys.count(keys.own('attention.sliding_window')) ?? 0;
  if (tokens === 0) return null;
  const key = keys.own('attention.sliding_window_pattern');
  const flags = keys.flagsPerLayer(key, layers);
  if (flags !== null) return { tokens, layers: flags.filter(Boolean).length };
  const pattern = keys.count(key) ?? SLIDING_PATTERN[keys.architecture];
  return { tokens, layers: pattern === undefined || pattern === 0 ? null : layers - Math.floor(layers / pattern) };
}

function readLatentAttention(keys: GgufKeys): LatentAttention | null {
  const kvLoraRank = keys.count(keys.own('attention.kv_lora_rank')) ?? 0;
  if (kvLoraRank === 0) return null;
  return { kvLoraRank, ropeHeadSize: keys.requiredCount(keys.own('rope.dimension_count'), MAX_EMBEDDING) };
}

function readVocabularySize(keys: GgufKeys, tensors: readonly GgufTensor[], embeddingLength: number): number {
  const tokenizer = keys.text('tokenizer.ggml.model');
  if (tokenizer === null) {
    refuse('GGUF_KEY_MISSING', 'Key "tokenizer.ggml.model" is missing', { key: 'tokenizer.ggml.model' });
  }
  if (!TOKENIZERS.has(tokenizer)) keys.refuseValue('tokenizer.ggml.model', quoted(tokenizer));
  const tokens = keys.arrayLength('tokenizer.ggml.tokens', 'STRING');
  if (tokens === null || tokens === 0) {
    refuse('GGUF_KEY_MISSING', 'Key "tokenizer.ggml.tokens" is missing or empty', { key: 'tokenizer.ggml.tokens' });
  }
  checkSameLength(tokens, 'tokenizer.ggml.scores', keys.arrayLength('tokenizer.ggml.scores', 'FLOAT32'));
  checkSameLength(
    tokens,
    'tokenizer.ggml.token_type',
    keys.arrayLength('tokenizer.ggml.token_type', 'INT32', 'UINT32'),
  );
  keys.arrayLength('tokenizer.ggml.merges', 'STRING');
  checkEmbedding(tensors, embeddingLength, tokens);
  return tokens;
}

function checkSameLength(tokens: number, key: string, found: number | null): void {
  if (found === null || found === tokens) return;
  refuse('GGUF_VOCABULARY', `Key "${key}" has ${found} elements for ${tokens} tokens`, { key });
}

function checkEmbedding(tensors: readonly GgufTensor[], embeddingLength: number, tokens: number): void {
  const found = tensors.find(({ name }) => name === 'token_embd.weight');
  const shape = found?.dims.join(' x ');
  if (shape === `${embeddingLength} x ${tokens}`) return;
  refuse(
    'GGUF_TENSOR_MISSING',
    `Tensor "token_embd.weight" is ${shape ?? 'missing'}, the keys promise ${embeddingLength} x ${tokens}`,
    { tensor: 'token_embd.weight' },
  );
}

/** llama.cpp takes an absent width for 0, asks for a tensor of no rows, and aborts the process instead of refusing. */
function checkBlocks(keys: GgufKeys, tensors: readonly GgufTensor[], layers: number): void {
  const sizedBy = [
    ['blk.0.ffn_up.weight', 'feed_forward_length'],
    ['blk.0.attn_q.weight', 'attention.head_count'],
  ] as const;
  for (const [tensor, suffix] of sizedBy) {
    if (!tensors.some(({ name }) => name === tensor)) continue;
    const key = keys.own(suffix);
    const size = keys.countPerLayer(key, layers);
    if (size === null) refuse('GGUF_KEY_MISSING', `Key "${key}" is missing, and tensor "${tensor}" is there`, { key });
    if (largest(size) === 0) keys.refuseValue(key, '0');
  }
  keys.requireOneOf('attention.layer_norm_rms_epsilon', 'attention.layer_norm_epsilon');
}

/** An id outside the vocabulary says nothing: llama.cpp warns and goes on without it, and so do we. */
function readSpecialTokens(keys: GgufKeys, vocabularySize: number): Pick<ModelFacts, 'bosTokenId' | 'eosTokenIds'> {
  const id = (name: string): number | null => {
    const found = keys.count(`tokenizer.ggml.${name}_token_id`);
    return found !== null && found < vocabularySize ? found : null;
  };
  const ends = [id('eos'), id('eot'), id('eom')].filter((end) => end !== null);
  return { bosTokenId: id('bos'), eosTokenIds: [...new Set(ends)] };
}

function mostUsedType(tensors: readonly GgufTensor[]): string {
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'unknown';
}

function largest(counts: number | readonly number[]): number {
  return typeof counts === 'number' ? counts : Math.max(0, ...counts);
}
