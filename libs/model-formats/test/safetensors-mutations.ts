import type { Mutation } from './gguf-mutations.ts';
import { aSafetensors, patched, withHeader } from './builders.ts';

const FILE = aSafetensors();
const HEADER = new TextDecoder().decode(FILE.subarray(8, FILE.length - 81));

/** The valid file with one text of its header replaced. */
const swap = (from: string, to: string) => () => {
  if (!HEADER.includes(from)) throw new RangeError(`the header has no ${from}`);
  return withHeader(HEADER.replace(from, to), 81);
};
const header =
  (text: string, dataBytes = 0) =>
  () =>
    withHeader(text, dataBytes);
const tensor = (name: string, from: number, to: number): string =>
  `"${name}":{"dtype":"U8","shape":[${to - from}],"data_offsets":[${from},${to}]}`;

export const SAFETENSORS_MUTATIONS: readonly Mutation[] = [
  { name: 'an end inside the header length', rule: 'SAFETENSORS_TRUNCATED', bytes: () => FILE.slice(0, 5) },
  {
    name: 'a header longer than the file',
    rule: 'SAFETENSORS_HEADER_BEYOND_FILE',
    bytes: () => patched(FILE, 0, 8, 5_000),
  },
  { name: 'a gigantic header', rule: 'SAFETENSORS_HEADER_TOO_LARGE', bytes: () => patched(FILE, 0, 8, 2n ** 63n) },
  {
    name: 'a header of 100 MB and a byte',
    rule: 'SAFETENSORS_HEADER_TOO_LARGE',
    bytes: () => patched(FILE, 0, 8, 100_000_001),
  },
  { name: 'an empty header', rule: 'SAFETENSORS_HEADER_START', bytes: header('') },
  { name: 'a header that begins with a space', rule: 'SAFETENSORS_HEADER_START', bytes: header(' {}') },
  { name: 'a header that is a list', rule: 'SAFETENSORS_HEADER_START', bytes: header('[]') },
  {
    name: 'a header cut short',
    rule: 'SAFETENSORS_JSON',
    bytes: () => withHeader(HEADER.slice(0, HEADER.indexOf('BF16')), 81),
  },
  { name: 'a header with text behind it', rule: 'SAFETENSORS_JSON', bytes: header('{}x') },
  { name: 'a comma too many', rule: 'SAFETENSORS_JSON', bytes: header(`{${tensor('a', 0, 1)},}`, 1) },
  { name: 'objects nested 1,000 deep', rule: 'SAFETENSORS_FIELD', bytes: header('{"a":'.repeat(1_000)) },
  { name: 'lists nested 1,000 deep', rule: 'SAFETENSORS_SHAPE', bytes: header(`{"a":{"shape":${'['.repeat(1_000)}`) },
  {
    name: 'a name of bad UTF-8',
    rule: 'SAFETENSORS_UTF8',
    bytes: () => patched(FILE, 8 + HEADER.indexOf('model.norm'), 1, 0xff),
  },
  { name: 'a name with a raw line break', rule: 'SAFETENSORS_JSON', bytes: swap('model.norm', 'model\nnorm') },
  { name: 'a name of 600 bytes', rule: 'SAFETENSORS_NAME_TOO_LONG', bytes: swap('model.norm', 'n'.repeat(600)) },
  {
    name: 'a name twice',
    rule: 'SAFETENSORS_DUPLICATE',
    bytes: swap('model.norm.weight', 'model.embed_tokens.weight'),
  },
  {
    name: 'a name twice, once escaped',
    rule: 'SAFETENSORS_DUPLICATE',
    bytes: header(`{${tensor('a', 0, 1)},${tensor('\\u0061', 1, 2)}}`, 2),
  },
  {
    name: 'a field twice',
    rule: 'SAFETENSORS_DUPLICATE',
    bytes: swap('"dtype":"BF16"', '"dtype":"BF16","dtype":"F32"'),
  },
  {
    name: 'a field nobody knows',
    rule: 'SAFETENSORS_FIELD',
    bytes: swap('"dtype":"BF16"', '"dtype":"BF16","strides":[1]'),
  },
  { name: 'a tensor without a shape', rule: 'SAFETENSORS_FIELD', bytes: swap('"shape":[4],', '') },
  { name: 'an unknown dtype', rule: 'SAFETENSORS_DTYPE', bytes: swap('BF16', 'BF17') },
  { name: 'a dtype that every object has', rule: 'SAFETENSORS_DTYPE', bytes: swap('BF16', 'constructor') },
  { name: 'a dtype that is a number', rule: 'SAFETENSORS_DTYPE', bytes: swap('"BF16"', '16') },
  { name: 'a negative dimension', rule: 'SAFETENSORS_SHAPE', bytes: swap('[8,4]', '[-8,4]') },
  { name: 'a dimension of 1e3', rule: 'SAFETENSORS_SHAPE', bytes: swap('[8,4]', '[8e0,4]') },
  { name: 'nine dimensions', rule: 'SAFETENSORS_SHAPE', bytes: swap('[8,4]', '[1,1,1,1,1,1,1,8,4]') },
  {
    name: 'a shape whose product overflows',
    rule: 'SAFETENSORS_DIMS_OVERFLOW',
    bytes: swap('[8,4]', '[9007199254740991,4096]'),
  },
  { name: 'a number of 400 digits', rule: 'SAFETENSORS_OFFSETS', bytes: swap('[0,64]', `[0,${'9'.repeat(400)}]`) },
  { name: 'offsets the wrong way round', rule: 'SAFETENSORS_OFFSETS', bytes: swap('[0,64]', '[64,0]') },
  { name: 'three offsets', rule: 'SAFETENSORS_OFFSETS', bytes: swap('[0,64]', '[0,64,80]') },
  { name: 'one offset', rule: 'SAFETENSORS_OFFSETS', bytes: swap('[0,64]', '[64]') },
  { name: 'offsets that do not span the shape', rule: 'SAFETENSORS_SIZE', bytes: swap('[8,4]', '[8,5]') },
  {
    name: 'overlapping tensors',
    rule: 'SAFETENSORS_OVERLAP',
    bytes: header(`{${tensor('a', 0, 8)},${tensor('b', 4, 12)}}`, 12),
  },
  {
    name: 'two tensors in the same place',
    rule: 'SAFETENSORS_OVERLAP',
    bytes: header(`{${tensor('a', 0, 8)},${tensor('b', 0, 8)}}`, 8),
  },
  {
    name: 'a hole between tensors',
    rule: 'SAFETENSORS_GAP',
    bytes: header(`{${tensor('a', 0, 8)},${tensor('b', 12, 16)}}`, 16),
  },
  { name: 'a hole before the first tensor', rule: 'SAFETENSORS_GAP', bytes: header(`{${tensor('a', 4, 8)}}`, 8) },
  { name: 'an end inside the last tensor', rule: 'SAFETENSORS_BEYOND_FILE', bytes: () => FILE.slice(0, -1) },
  {
    name: 'bytes after the last tensor',
    rule: 'SAFETENSORS_TRAILING_BYTES',
    bytes: () => Uint8Array.from([...FILE, 0]),
  },
  { name: 'metadata that is a text', rule: 'SAFETENSORS_METADATA', bytes: swap('{"format":"pt"}', '"pt"') },
  { name: 'metadata with a number', rule: 'SAFETENSORS_METADATA', bytes: swap('"pt"', '1') },
  {
    name: 'metadata twice',
    rule: 'SAFETENSORS_DUPLICATE',
    bytes: swap('"format":"pt"', '"format":"pt","format":"tf"'),
  },
  {
    name: 'a metadata text of 2 MB',
    rule: 'SAFETENSORS_STRING_TOO_LONG',
    bytes: swap('"pt"', `"${'x'.repeat(2_000_000)}"`),
  },
  {
    name: 'metadata of 5,000 entries',
    rule: 'SAFETENSORS_COUNT_TOO_LARGE',
    bytes: header(`{"__metadata__":{${Array.from({ length: 5_000 }, (_, index) => `"${index}":""`).join(',')}}}`),
  },
  {
    name: '140,000 tensors',
    rule: 'SAFETENSORS_COUNT_TOO_LARGE',
    bytes: header(`{${Array.from({ length: 140_000 }, (_, index) => tensor(String(index), 0, 0)).join(',')}}`),
  },
];
