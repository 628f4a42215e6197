import {
  bytesSource,
  type ModelFile,
  type WritableGguf,
  type WritableSafetensor,
  type WritableTensor,
  writeGguf,
  writeSafetensors,
} from '../src/index.ts';
import { sparseSource } from './builders.ts';

/**
 * Header-only files of well-known models, built from their published architecture: every tensor with its true shape
 * and type, and no data. `fixtures/*.facts.json` are what `readFacts` says of them.
 */
export const KNOWN_MODELS: Readonly<Record<string, () => readonly ModelFile[]>> = {
  'llama-3-8b-bf16': () => safetensors(LLAMA_3_8B, 'bf16'),
  'llama-3.1-70b-w8a8': () =>
    safetensors({ ...LLAMA_3_70B, max_position_embeddings: 131_072, quantization_config: W8A8 }, 'w8a8'),
  'llama-3.1-405b-fp8': () => safetensors(LLAMA_3_405B, 'fp8'),
  'mistral-7b-q5_k_m': mistral,
};

interface LlamaConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly quantization_config?: object;
}

const LLAMA_3_8B: LlamaConfig = {
  hidden_size: 4_096,
  intermediate_size: 14_336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128_256,
  max_position_embeddings: 8_192,
};

const LLAMA_3_70B: LlamaConfig = {
  ...LLAMA_3_8B,
  hidden_size: 8_192,
  intermediate_size: 28_672,
  num_hidden_layers: 80,
  num_attention_heads: 64,
};

/** As first published, with each of the 8 KV heads stored twice: the published figure was measured with these files. */
const LLAMA_3_405B: LlamaConfig = {
  ...LLAMA_3_8B,
  hidden_size: 16_384,
  intermediate_size: 53_248,
  num_hidden_layers: 126,
  num_attention_heads: 128,
  num_key_value_heads: 16,
  max_position_embeddings: 131_072,
  quantization_config: { quant_method: 'fbgemm_fp8' },
};

const W8A8 = {
  quant_method: 'compressed-tensors',
  config_groups: {
    group_0: { weights: { num_bits: 8, type: 'int' }, input_activations: { num_bits: 8, type: 'int' } },
  },
};

type Scheme = 'bf16' | 'w8a8' | 'fp8';

function safetensors(config: LlamaConfig, scheme: Scheme): readonly ModelFile[] {
  const { bytes, fileBytes } = writeSafetensors(llamaTensors(config, scheme), { format: 'pt' });
  const json = { model_type: 'llama', architectures: ['LlamaForCausalLM'], ...config, ...SPECIAL_TOKENS };
  return [
    { path: 'model.safetensors', source: sparseSource(bytes, fileBytes) },
    { path: 'config.json', source: bytesSource(new TextEncoder().encode(JSON.stringify(json))) },
  ];
}

const SPECIAL_TOKENS = { bos_token_id: 128_000, eos_token_id: [128_001, 128_008, 128_009] };

function llamaTensors(config: LlamaConfig, scheme: Scheme): WritableSafetensor[] {
  const width = config.hidden_size;
  const kvWidth = (width / config.num_attention_heads) * config.num_key_value_heads;
  const ffn = config.intermediate_size;
  const plain = (name: string, ...shape: number[]): WritableSafetensor => ({ name, dtype: 'BF16', shape });
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => {
    const linear = (name: string, rows: number, columns: number): WritableSafetensor[] =>
      linearTensors(`model.layers.${layer}.${name}`, rows, columns, storedAs(scheme, name, layer, config));
    return [
      ...linear('self_attn.q_proj', width, width),
      ...linear('self_attn.k_proj', kvWidth, width),
      ...linear('self_attn.v_proj', kvWidth, width),
      ...linear('self_attn.o_proj', width, width),
      ...linear('mlp.gate_proj', ffn, width),
      ...linear('mlp.up_proj', ffn, width),
      ...linear('mlp.down_proj', width, ffn),
      plain(`model.layers.${layer}.input_layernorm.weight`, width),
      plain(`model.layers.${layer}.post_attention_layernorm.weight`, width),
    ];
  });
  return [
    plain('model.embed_tokens.weight', config.vocab_size, width),
    ...layers.flat(),
    plain('model.norm.weight', width),
    plain('lm_head.weight', config.vocab_size, width),
  ];
}

/** The 405B FP8 files quantise the feed-forward of all layers but the first and the last, and no attention. */
function storedAs(scheme: Scheme, name: string, layer: number, config: LlamaConfig): 'BF16' | 'I8' | 'F8_E4M3' {
  if (scheme === 'w8a8') return 'I8';
  const isInner = layer > 0 && layer < config.num_hidden_layers - 1;
  return scheme === 'fp8' && isInner && name.startsWith('mlp.') ? 'F8_E4M3' : 'BF16';
}

function linearTensors(name: string, rows: number, columns: number, dtype: string): WritableSafetensor[] {
  const weight = { name: `${name}.weight`, dtype, shape: [rows, columns] };
  if (dtype === 'BF16') return [weight];
  return [weight, { name: `${name}.weight_scale`, dtype: dtype === 'I8' ? 'BF16' : 'F32', shape: [rows, 1] }];
}

/** Mistral 7B v0.2 as llama.cpp quantises it to Q5_K_M: values and down projections of some layers get six bits. */
function mistral(): readonly ModelFile[] {
  const layers = 32;
  const six = (layer: number): string => (hasMoreBits(layer, layers) ? 'Q6_K' : 'Q5_K');
  const matrix = (name: string, type: string, columns: number, rows: number): WritableTensor => ({
    name: `${name}.weight`,
    type,
    dims: [columns, rows],
  });
  const norm = (name: string): WritableTensor => ({ name: `${name}.weight`, type: 'F32', dims: [4_096] });
  const blocks = Array.from({ length: layers }, (_, layer) => [
    norm(`blk.${layer}.attn_norm`),
    matrix(`blk.${layer}.attn_q`, 'Q5_K', 4_096, 4_096),
    matrix(`blk.${layer}.attn_k`, 'Q5_K', 4_096, 1_024),
    matrix(`blk.${layer}.attn_v`, six(layer), 4_096, 1_024),
    matrix(`blk.${layer}.attn_output`, 'Q5_K', 4_096, 4_096),
    norm(`blk.${layer}.ffn_norm`),
    matrix(`blk.${layer}.ffn_gate`, 'Q5_K', 4_096, 14_336),
    matrix(`blk.${layer}.ffn_up`, 'Q5_K', 4_096, 14_336),
    matrix(`blk.${layer}.ffn_down`, six(layer), 14_336, 4_096),
  ]);
  const { bytes, fileBytes } = writeGguf({
    metadata: mistralKeys(layers),
    tensors: [
      matrix('token_embd', 'Q5_K', 4_096, 32_000),
      ...blocks.flat(),
      norm('output_norm'),
      matrix('output', 'Q6_K', 4_096, 32_000),
    ],
  });
  return [{ path: 'mistral.gguf', source: sparseSource(bytes, fileBytes) }];
}

/** llama.cpp's choice: the first and last eighth of the layers, and every third between. */
function hasMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= 7 * eighth || (layer - eighth) % 3 === 2;
}

function mistralKeys(layers: number): WritableGguf['metadata'] {
  const text = (value: string) => ({ type: 'STRING', value }) as const;
  const count = (value: number) => ({ type: 'UINT32', value }) as const;
  const tokens = Array.from({ length: 32_000 }, (_, index) => `token ${index}`);
  return [
    ['general.architecture', text('llama')],
    ['general.name', text('Mistral 7B Instruct v0.2')],
    ['general.license', text('apache-2.0')],
    ['general.file_type', count(17)],
    ['llama.block_count', count(layers)],
    ['llama.context_length', count(32_768)],
    ['llama.embedding_length', count(4_096)],
    ['llama.feed_forward_length', count(14_336)],
    ['llama.attention.head_count', count(32)],
    ['llama.attention.head_count_kv', count(8)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'FLOAT32', value: 1e-5 }],
    ['llama.rope.dimension_count', count(128)],
    ['tokenizer.ggml.model', text('llama')],
    ['tokenizer.ggml.tokens', { type: 'ARRAY', of: 'STRING', values: tokens }],
    ['tokenizer.ggml.bos_token_id', count(1)],
    ['tokenizer.ggml.eos_token_id', count(2)],
  ];
}
