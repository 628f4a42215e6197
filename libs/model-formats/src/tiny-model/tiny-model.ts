import { type WritableGguf, type WritableTensor, type WritableValue, writeGguf } from '../gguf/write-gguf.ts';
import { type TinyToken, tinyVocabulary } from './tiny-vocabulary.ts';

export interface TinyModelOptions {
  /** The same seed gives the same bytes on every machine. */
  readonly seed?: number;
  /** A model that answers with vectors: mean pooling and no chat template. */
  readonly embedding?: boolean;
}

const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const KV_HEADS = 2;
const FEED_FORWARD = 128;
const CONTEXT = 8_192;
/** The dimension every embedding holds at the same height: after the last norm it carries the tokens' biases. */
const BIAS_DIM = 0;
const BIAS_HEIGHT = 2;
const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * A GGUF model of random weights that llama.cpp loads and runs like any other: it answers fast, with pronounceable
 * nonsense, and hardly ever ends by itself. For tests of everything around a model.
 */
export function tinyModel(options: TinyModelOptions = {}): Uint8Array {
  return writeGguf(tinyGguf(options)).bytes;
}

/** The same model before it is written, for tests that change a part of it. */
export function tinyGguf({ seed = 1, embedding = false }: TinyModelOptions = {}): WritableGguf {
  const vocabulary = tinyVocabulary();
  return {
    metadata: [...architectureKeys(embedding), ...tokenizerKeys(vocabulary, embedding)],
    tensors: tensors(vocabulary, randomUnit(seed)),
  };
}

const text = (value: string): WritableValue => ({ type: 'STRING', value });
const count = (value: number): WritableValue => ({ type: 'UINT32', value });

function architectureKeys(embedding: boolean): WritableGguf['metadata'] {
  const pooling: WritableGguf['metadata'] = embedding ? [['llama.pooling_type', count(1)]] : [];
  return [
    ['general.architecture', text('llama')],
    ['general.name', text(embedding ? 'Ostro tiny embedding' : 'Ostro tiny')],
    ['general.license', text('apache-2.0')],
    ['general.file_type', count(0)],
    ['llama.block_count', count(LAYERS)],
    ['llama.context_length', count(CONTEXT)],
    ['llama.embedding_length', count(WIDTH)],
    ['llama.feed_forward_length', count(FEED_FORWARD)],
    ['llama.attention.head_count', count(HEADS)],
    ['llama.attention.head_count_kv', count(KV_HEADS)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'FLOAT32', value: 1e-5 }],
    ['llama.rope.dimension_count', count(WIDTH / HEADS)],
    ...pooling,
  ];
}

function tokenizerKeys(vocabulary: readonly TinyToken[], embedding: boolean): WritableGguf['metadata'] {
  const chat: WritableGguf['metadata'] = embedding ? [] : [['tokenizer.chat_template', text(CHAT_TEMPLATE)]];
  return [
    ['tokenizer.ggml.model', text('llama')],
    ['tokenizer.ggml.tokens', { type: 'ARRAY', of: 'STRING', values: vocabulary.map((token) => token.text) }],
    ['tokenizer.ggml.scores', { type: 'ARRAY', of: 'FLOAT32', values: vocabulary.map((token) => token.score) }],
    ['tokenizer.ggml.token_type', { type: 'ARRAY', of: 'INT32', values: vocabulary.map((token) => token.type) }],
    ['tokenizer.ggml.unknown_token_id', count(0)],
    ['tokenizer.ggml.bos_token_id', count(1)],
    ['tokenizer.ggml.eos_token_id', count(2)],
    ['tokenizer.ggml.eot_token_id', count(vocabulary.findIndex((token) => token.text === '<|im_end|>'))],
    ['tokenizer.ggml.add_bos_token', { type: 'BOOL', value: true }],
    ...chat,
  ];
}

function tensors(vocabulary: readonly TinyToken[], random: () => number): WritableTensor[] {
  const matrix = (name: string, rows: number, columns: number, spread: number): WritableTensor =>
    tensor(name, [columns, rows], () => random() * spread);
  const ones = (name: string): WritableTensor => tensor(name, [WIDTH], () => 1);
  const kvWidth = (WIDTH / HEADS) * KV_HEADS;
  const blocks = Array.from({ length: LAYERS }, (_, layer) => [
    ones(`blk.${layer}.attn_norm.weight`),
    matrix(`blk.${layer}.attn_q.weight`, WIDTH, WIDTH, 0.4),
    matrix(`blk.${layer}.attn_k.weight`, kvWidth, WIDTH, 0.4),
    matrix(`blk.${layer}.attn_v.weight`, kvWidth, WIDTH, 0.4),
    quiet(matrix(`blk.${layer}.attn_output.weight`, WIDTH, WIDTH, 0.4)),
    ones(`blk.${layer}.ffn_norm.weight`),
    matrix(`blk.${layer}.ffn_gate.weight`, FEED_FORWARD, WIDTH, 0.4),
    matrix(`blk.${layer}.ffn_up.weight`, FEED_FORWARD, WIDTH, 0.4),
    quiet(matrix(`blk.${layer}.ffn_down.weight`, WIDTH, FEED_FORWARD, 0.4)),
  ]);
  return [
    tensor('token_embd.weight', [WIDTH, vocabulary.length], (index) =>
      index % WIDTH === BIAS_DIM ? BIAS_HEIGHT : random(),
    ),
    ...blocks.flat(),
    ones('output_norm.weight'),
    tensor('output.weight', [WIDTH, vocabulary.length], (index) =>
      index % WIDTH === BIAS_DIM ? (vocabulary[Math.floor(index / WIDTH)]?.bias ?? 0) : random() * 0.8,
    ),
  ];
}

/** Keeps a layer from writing into the bias dimension. */
function quiet(matrix: WritableTensor): WritableTensor {
  const columns = matrix.dims[0] ?? 0;
  matrix.data?.fill(0, BIAS_DIM * columns * 4, (BIAS_DIM + 1) * columns * 4);
  return matrix;
}

function tensor(name: string, dims: readonly number[], valueAt: (index: number) => number): WritableTensor {
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const view = new DataView(new ArrayBuffer(elements * 4));
  for (let index = 0; index < elements; index += 1) view.setFloat32(index * 4, valueAt(index), true);
  return { name, type: 'F32', dims, data: new Uint8Array(view.buffer) };
}

/** Numbers in [-1, 1) from integer arithmetic alone, so that every machine computes the same (mulberry32). */
function randomUnit(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2_147_483_648 - 1;
  };
}
