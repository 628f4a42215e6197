import type { Rule } from '../src/index.ts';
import { aGguf, patched } from './builders.ts';

export interface Mutation {
  readonly name: string;
  readonly rule: Rule;
  readonly bytes: () => Uint8Array;
}

const HUGE = 0xffff_ffff_ffff_fff0n;
const MODEL = aGguf();
const at = (landmark: string): number => {
  const found = MODEL.landmarks.get(landmark);
  if (found === undefined) throw new RangeError(`the model has no ${landmark}`);
  return found;
};
const patch = (where: number, size: 1 | 4 | 8, value: number | bigint) => () =>
  patched(MODEL.bytes, where, size, value);
const cut = (length: number) => () => MODEL.bytes.slice(0, length);

/** The fields of a key and of a tensor info, behind its name. */
const afterKey = (key: string): number => at(`key:${key}`) + 8 + key.length;
const dimsOf = (tensor: string): number => at(`tensor:${tensor}`) + 8 + tensor.length;
const afterDims = (tensor: string, dims: number): number => dimsOf(tensor) + 4 + 8 * dims;

const NORM = 'blk.0.attn_norm.weight';
const QUERY = 'blk.0.attn_q.weight';
const KEYS = 'blk.0.attn_k.weight';
const NORM_OFFSET = afterDims(NORM, 1) + 4;
const QUERY_OFFSET = afterDims(QUERY, 2) + 4;
const NORM_STARTS = 536 * 64 * 4;

/** A header of one key whose value is what `value` says, for shapes no writer makes. */
function oneKey(value: readonly number[], padding = 64): Uint8Array {
  const head = [...new TextEncoder().encode('GGUF'), 3, 0, 0, 0, ...u64(0), ...u64(1), ...u64(1), 0x6b];
  return Uint8Array.from([...head, ...value, ...new Array<number>(padding).fill(0)]);
}

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: number | bigint): number[] => [...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)];

function nestedArrays(depth: number): Uint8Array {
  const level = [...u32(9), ...u64(1)];
  return oneKey([...u32(9), ...Array.from({ length: depth }, () => level).flat(), ...u32(0), ...u64(0)]);
}

const text = (value: string) => ({ type: 'STRING', value }) as const;
const count = (value: number) => ({ type: 'UINT32', value }) as const;

export const GGUF_MUTATIONS: readonly Mutation[] = [
  { name: 'a byte-swapped magic', rule: 'GGUF_BIG_ENDIAN', bytes: patch(0, 4, 0x47475546) },
  { name: 'version 1', rule: 'GGUF_VERSION', bytes: patch(4, 4, 1) },
  { name: 'version 4', rule: 'GGUF_VERSION', bytes: patch(4, 4, 4) },
  { name: 'a big-endian version', rule: 'GGUF_BIG_ENDIAN', bytes: patch(4, 4, 0x0300_0000) },
  { name: 'an end inside the version', rule: 'GGUF_TRUNCATED', bytes: cut(6) },
  { name: 'an end inside the counts', rule: 'GGUF_TRUNCATED', bytes: cut(20) },
  { name: 'an end inside a key', rule: 'GGUF_STRING_BEYOND_FILE', bytes: () => patched(oneKey([]), 24, 8, 100) },
  { name: 'an end inside a value', rule: 'GGUF_TRUNCATED', bytes: () => oneKey([...u32(10), 1, 2], 0) },
  {
    name: 'an end inside the vocabulary',
    rule: 'GGUF_TRUNCATED',
    bytes: cut(afterKey('tokenizer.ggml.tokens') + 6_000),
  },
  { name: 'an end inside a tensor info', rule: 'GGUF_STRING_BEYOND_FILE', bytes: cut(at('data') - 100) },
  { name: 'an end before the data', rule: 'GGUF_TENSOR_BEYOND_FILE', bytes: cut(at('data')) },
  { name: 'an end inside the last tensor', rule: 'GGUF_TENSOR_BEYOND_FILE', bytes: cut(MODEL.bytes.length - 1) },
  {
    name: 'bytes after the last tensor',
    rule: 'GGUF_TRAILING_BYTES',
    bytes: () => Uint8Array.from([...MODEL.bytes, 1]),
  },
  { name: 'more tensors than the file can hold', rule: 'GGUF_COUNT_BEYOND_FILE', bytes: patch(8, 8, 60_000) },
  { name: 'more tensors than anyone has', rule: 'GGUF_COUNT_TOO_LARGE', bytes: patch(8, 8, 1_000_000) },
  { name: 'a gigantic tensor count', rule: 'GGUF_COUNT_TOO_LARGE', bytes: patch(8, 8, HUGE) },
  { name: 'one tensor fewer than there are', rule: 'GGUF_TRAILING_BYTES', bytes: patch(8, 8, 20) },
  {
    name: 'more keys than the file can hold',
    rule: 'GGUF_COUNT_BEYOND_FILE',
    bytes: () => patched(MODEL.bytes.slice(0, 200_000), 16, 8, 16_000),
  },
  { name: 'a gigantic key count', rule: 'GGUF_COUNT_TOO_LARGE', bytes: patch(16, 8, HUGE) },
  { name: 'an empty key', rule: 'GGUF_KEY_EMPTY', bytes: patch(at('key:general.name'), 8, 0) },
  {
    name: 'a long key',
    rule: 'GGUF_KEY_TOO_LONG',
    bytes: () => aGguf({ keys: { ['k'.repeat(1_025)]: count(1) } }).bytes,
  },
  {
    name: 'a key longer than the file',
    rule: 'GGUF_STRING_BEYOND_FILE',
    bytes: patch(at('key:general.name'), 8, HUGE),
  },
  {
    name: 'a key twice',
    rule: 'GGUF_KEY_DUPLICATE',
    bytes: () => aGguf({ extraKeys: [['general.name', text('again')]] }).bytes,
  },
  { name: 'a key of bad UTF-8', rule: 'GGUF_UTF8', bytes: patch(at('key:general.name') + 8, 1, 0xff) },
  { name: 'a key with NUL', rule: 'GGUF_UTF8', bytes: () => aGguf({ keys: { 'a\0b': count(1) } }).bytes },
  { name: 'a text of bad UTF-8', rule: 'GGUF_UTF8', bytes: patch(afterKey('general.name') + 12, 1, 0xc3) },
  {
    name: 'a text longer than the file',
    rule: 'GGUF_STRING_BEYOND_FILE',
    bytes: patch(afterKey('general.name') + 4, 8, HUGE),
  },
  {
    name: 'a chat template of 2 MiB',
    rule: 'GGUF_STRING_TOO_LONG',
    bytes: () => aGguf({ keys: { 'tokenizer.chat_template': text('x'.repeat(2_097_152)) } }).bytes,
  },
  {
    name: 'a token of 100 kB',
    rule: 'GGUF_STRING_TOO_LONG',
    bytes: () =>
      aGguf({ keys: { 'tokenizer.ggml.merges': { type: 'ARRAY', of: 'STRING', values: ['x'.repeat(100_000)] } } })
        .bytes,
  },
  {
    name: 'texts of 17 MiB together',
    rule: 'GGUF_HEADER_TOO_LARGE',
    bytes: () =>
      aGguf({
        extraKeys: Array.from({ length: 17 }, (_, index) => [`note.${index}`, text('x'.repeat(1_048_000))] as const),
      }).bytes,
  },
  { name: 'a value of an unknown type', rule: 'GGUF_VALUE_TYPE', bytes: patch(afterKey('general.name'), 4, 13) },
  { name: 'a bool of 2', rule: 'GGUF_BOOL', bytes: patch(afterKey('tokenizer.ggml.add_bos_token') + 4, 1, 2) },
  { name: 'an array of arrays', rule: 'GGUF_ARRAY_NESTED', bytes: () => nestedArrays(1) },
  { name: 'arrays nested 1,000 deep', rule: 'GGUF_ARRAY_NESTED', bytes: () => nestedArrays(1_000) },
  {
    name: 'an array of an unknown type',
    rule: 'GGUF_VALUE_TYPE',
    bytes: patch(afterKey('tokenizer.ggml.scores') + 4, 4, 99),
  },
  {
    name: 'a gigantic array',
    rule: 'GGUF_COUNT_TOO_LARGE',
    bytes: patch(afterKey('tokenizer.ggml.scores') + 8, 8, HUGE),
  },
  {
    name: 'an array longer than the file',
    rule: 'GGUF_ARRAY_BEYOND_FILE',
    bytes: patch(afterKey('tokenizer.ggml.scores') + 8, 8, 1_000_000),
  },
  {
    name: 'a vocabulary longer than the file',
    rule: 'GGUF_ARRAY_BEYOND_FILE',
    bytes: patch(afterKey('tokenizer.ggml.tokens') + 8, 8, 200_000),
  },
  {
    name: 'an alignment of 0',
    rule: 'GGUF_ALIGNMENT',
    bytes: () => aGguf({ keys: { 'general.alignment': count(0) } }).bytes,
  },
  {
    name: 'an alignment of 48',
    rule: 'GGUF_ALIGNMENT',
    bytes: () => aGguf({ keys: { 'general.alignment': count(48) } }).bytes,
  },
  {
    name: 'an alignment of 2^31',
    rule: 'GGUF_ALIGNMENT',
    bytes: () => aGguf({ keys: { 'general.alignment': count(2 ** 31) } }).bytes,
  },
  {
    name: 'an alignment in words',
    rule: 'GGUF_ALIGNMENT',
    bytes: () => aGguf({ keys: { 'general.alignment': text('32') } }).bytes,
  },
  { name: 'a tensor without a name', rule: 'GGUF_TENSOR_NAME', bytes: patch(at(`tensor:${QUERY}`), 8, 0) },
  {
    name: 'a tensor name of 64 bytes',
    rule: 'GGUF_TENSOR_NAME',
    bytes: () => aGguf({ tensors: { [NORM]: { name: 'n'.repeat(64) } } }).bytes,
  },
  { name: 'a tensor name of bad UTF-8', rule: 'GGUF_UTF8', bytes: patch(at(`tensor:${QUERY}`) + 8, 1, 0x80) },
  {
    name: 'a tensor twice',
    rule: 'GGUF_TENSOR_DUPLICATE',
    bytes: () => aGguf({ tensors: { [QUERY]: { name: KEYS } } }).bytes,
  },
  { name: 'a tensor of no dimension', rule: 'GGUF_DIMS', bytes: patch(dimsOf(NORM), 4, 0) },
  { name: 'a tensor of 5 dimensions', rule: 'GGUF_DIMS', bytes: patch(dimsOf(NORM), 4, 5) },
  { name: 'a tensor of 4 billion dimensions', rule: 'GGUF_DIMS', bytes: patch(dimsOf(NORM), 4, 0xffff_ffff) },
  { name: 'a dimension of 0', rule: 'GGUF_DIMS', bytes: patch(dimsOf(QUERY) + 4, 8, 0) },
  { name: 'a dimension of 2^64', rule: 'GGUF_DIMS_OVERFLOW', bytes: patch(dimsOf(QUERY) + 4, 8, HUGE) },
  {
    name: 'dimensions whose product wraps to 0',
    rule: 'GGUF_DIMS_OVERFLOW',
    bytes: () => patched(patched(MODEL.bytes, dimsOf(QUERY) + 4, 8, 2n ** 32n), dimsOf(QUERY) + 12, 8, 2n ** 32n),
  },
  { name: 'a removed tensor type', rule: 'GGUF_TENSOR_TYPE', bytes: patch(afterDims(QUERY, 2), 4, 4) },
  { name: 'an unknown tensor type', rule: 'GGUF_TENSOR_TYPE', bytes: patch(afterDims(QUERY, 2), 4, 0x7fff_ffff) },
  { name: 'rows that are no whole blocks', rule: 'GGUF_BLOCK', bytes: patch(afterDims(QUERY, 2), 4, 14) },
  { name: 'a tensor off the alignment', rule: 'GGUF_OFFSET_ALIGNMENT', bytes: patch(NORM_OFFSET, 8, NORM_STARTS + 4) },
  {
    name: 'a tensor inside the one before it',
    rule: 'GGUF_TENSOR_OVERLAP',
    bytes: patch(NORM_OFFSET, 8, NORM_STARTS - 32),
  },
  { name: 'two tensors in the same place', rule: 'GGUF_TENSOR_OVERLAP', bytes: patch(QUERY_OFFSET, 8, NORM_STARTS) },
  {
    name: 'tensors that point at each other',
    rule: 'GGUF_TENSOR_GAP',
    bytes: () => patched(patched(MODEL.bytes, NORM_OFFSET, 8, NORM_STARTS + 256), QUERY_OFFSET, 8, NORM_STARTS),
  },
  { name: 'a hole between tensors', rule: 'GGUF_TENSOR_GAP', bytes: patch(QUERY_OFFSET, 8, NORM_STARTS + 512) },
  { name: 'an offset beyond 2^53', rule: 'GGUF_TENSOR_BEYOND_FILE', bytes: patch(QUERY_OFFSET, 8, HUGE) },
  {
    name: 'a tensor larger than the file',
    rule: 'GGUF_TENSOR_BEYOND_FILE',
    bytes: patch(dimsOf('output.weight') + 12, 8, 10_000_000),
  },
  {
    name: 'no architecture',
    rule: 'GGUF_KEY_MISSING',
    bytes: () => aGguf({ keys: { 'general.architecture': undefined } }).bytes,
  },
  {
    name: 'an architecture that is a path',
    rule: 'GGUF_KEY_VALUE',
    bytes: () => aGguf({ keys: { 'general.architecture': text('../../etc/passwd') } }).bytes,
  },
  {
    name: 'no layer count',
    rule: 'GGUF_KEY_MISSING',
    bytes: () => aGguf({ keys: { 'llama.block_count': undefined } }).bytes,
  },
  { name: 'no layers', rule: 'GGUF_KEY_VALUE', bytes: () => aGguf({ keys: { 'llama.block_count': count(0) } }).bytes },
  {
    name: '4 billion layers',
    rule: 'GGUF_KEY_VALUE',
    bytes: () => aGguf({ keys: { 'llama.block_count': count(4_000_000_000) } }).bytes,
  },
  {
    name: 'a context length in words',
    rule: 'GGUF_KEY_TYPE',
    bytes: () => aGguf({ keys: { 'llama.context_length': text('4096') } }).bytes,
  },
  {
    name: 'KV heads for another number of layers',
    rule: 'GGUF_KEY_VALUE',
    bytes: () =>
      aGguf({ keys: { 'llama.attention.head_count_kv': { type: 'ARRAY', of: 'INT32', values: [2, 2, 2] } } }).bytes,
  },
  {
    name: 'a vocabulary of numbers',
    rule: 'GGUF_KEY_TYPE',
    bytes: () => aGguf({ keys: { 'tokenizer.ggml.tokens': { type: 'ARRAY', of: 'INT32', values: [1, 2] } } }).bytes,
  },
  {
    name: 'an unknown tokenizer',
    rule: 'GGUF_KEY_VALUE',
    bytes: () => aGguf({ keys: { 'tokenizer.ggml.model': text('lla5a') } }).bytes,
  },
  {
    name: 'no vocabulary',
    rule: 'GGUF_KEY_MISSING',
    bytes: () => aGguf({ keys: { 'tokenizer.ggml.tokens': undefined } }).bytes,
  },
  {
    name: 'fewer scores than tokens',
    rule: 'GGUF_VOCABULARY',
    bytes: () => aGguf({ keys: { 'tokenizer.ggml.scores': { type: 'ARRAY', of: 'FLOAT32', values: [1, 2] } } }).bytes,
  },
  {
    name: 'a token twice, at which llama.cpp aborts',
    rule: 'GGUF_TOKEN_DUPLICATE',
    bytes: () =>
      aGguf({
        keys: {
          'tokenizer.ggml.tokens': {
            type: 'ARRAY',
            of: 'STRING',
            values: Array.from({ length: 536 }, (_, index) => `token ${index === 500 ? 7 : index}`),
          },
        },
      }).bytes,
  },
  {
    name: 'an alignment of 8, at which llama.cpp aborts',
    rule: 'GGUF_ALIGNMENT',
    bytes: () => aGguf({ keys: { 'general.alignment': count(8) } }).bytes,
  },
  {
    name: 'no embedding',
    rule: 'GGUF_TENSOR_MISSING',
    bytes: () => aGguf({ tensors: { 'token_embd.weight': undefined } }).bytes,
  },
  {
    name: 'an embedding of another width',
    rule: 'GGUF_TENSOR_MISSING',
    bytes: () => aGguf({ keys: { 'llama.embedding_length': count(128) } }).bytes,
  },
  {
    name: 'no width of the feed-forward, at which llama.cpp aborts',
    rule: 'GGUF_KEY_MISSING',
    bytes: () => aGguf({ keys: { 'llama.feed_forward_length': undefined } }).bytes,
  },
  {
    name: 'no epsilon of the norms',
    rule: 'GGUF_KEY_MISSING',
    bytes: () => aGguf({ keys: { 'llama.attention.layer_norm_rms_epsilon': undefined } }).bytes,
  },
  {
    name: 'no attention heads',
    rule: 'GGUF_KEY_VALUE',
    bytes: () => aGguf({ keys: { 'llama.attention.head_count': count(0) } }).bytes,
  },
  {
    name: 'rotary dimensions that are not the head',
    rule: 'GGUF_KEY_VALUE',
    bytes: () => aGguf({ keys: { 'llama.rope.dimension_count': count(8) } }).bytes,
  },
  {
    name: 'a layer without its output',
    rule: 'GGUF_TENSOR_MISSING',
    bytes: () => aGguf({ tensors: { 'blk.1.attn_output.weight': undefined } }).bytes,
  },
  {
    name: 'a tensor nobody asks for',
    rule: 'GGUF_TENSOR_UNKNOWN',
    bytes: () => aGguf({ extraTensors: [{ name: 'extra', type: 'I8', dims: [4], data: new Uint8Array(4) }] }).bytes,
  },
  {
    name: 'the second part of a split model alone',
    rule: 'GGUF_SPLIT',
    bytes: () =>
      aGguf({ keys: { 'split.no': { type: 'UINT16', value: 1 }, 'split.count': { type: 'UINT16', value: 2 } } }).bytes,
  },
];
