import { DomainError } from '@ostro/kernel';

/**
 * Every reason for which a file is refused, with what the rule demands. The README prints this table; a spec holds
 * the two together. A rule's name is a contract: programs act on it, so it is never reworded.
 */
export const RULES = {
  FORMAT_EMPTY: 'A file has bytes.',
  FORMAT_PICKLE: 'Pickle (.bin, .pt, .pth, .pkl) is refused: loading it runs code.',
  FORMAT_ARCHIVE: 'Archives are refused, PyTorch zip checkpoints and .nemo tars among them.',
  FORMAT_FOREIGN: 'ONNX, HDF5, TFLite, NumPy and old GGML files are refused.',
  FORMAT_NOT_WEIGHTS: 'Weights are not a git-lfs pointer, a web page, an executable or source code.',
  FORMAT_UNKNOWN: 'A weight file begins as GGUF or safetensors do.',
  FORMAT_MIXED: 'The weights of one model are all GGUF or all safetensors.',
  FORMAT_NO_WEIGHTS: 'A model has at least one weight file.',

  GGUF_MAGIC: 'The file begins with "GGUF".',
  GGUF_VERSION: 'The version is 2 or 3.',
  GGUF_BIG_ENDIAN: 'The file is little-endian.',
  GGUF_TRUNCATED: 'The file does not end inside its header or before its last tensor.',
  GGUF_TRAILING_BYTES: 'Nothing but padding follows the last tensor.',
  GGUF_COUNT_TOO_LARGE: 'At most 65,536 tensors, 16,384 keys, 16,777,216 elements in an array, 1,048,576 tokens.',
  GGUF_COUNT_BEYOND_FILE: 'Counts fit into the bytes that remain, at the smallest size of what they count.',
  GGUF_HEADER_TOO_LARGE: 'The header is at most 256 MiB, and what must be kept of it at most 16 MiB.',
  GGUF_KEY_EMPTY: 'A key has at least one byte.',
  GGUF_KEY_TOO_LONG: 'A key has at most 1,024 bytes.',
  GGUF_KEY_DUPLICATE: 'A key is written once.',
  GGUF_KEY_MISSING: 'The keys a runtime needs are there.',
  GGUF_KEY_TYPE: 'A key a runtime reads has the type it reads.',
  GGUF_KEY_VALUE: 'A key a runtime reads has a possible value.',
  GGUF_STRING_TOO_LONG: 'A string has at most 64 MiB, a chat template 1 MiB, an element of an array 64 KiB.',
  GGUF_STRING_BEYOND_FILE: 'A string ends inside the file.',
  GGUF_UTF8: 'Keys, tensor names and kept strings are UTF-8 without NUL.',
  GGUF_BOOL: 'A bool is 0 or 1.',
  GGUF_VALUE_TYPE: 'A value has one of the 13 types.',
  GGUF_ARRAY_NESTED: 'An array holds no arrays: llama.cpp refuses them.',
  GGUF_ARRAY_BEYOND_FILE: 'An array ends inside the file.',
  GGUF_ALIGNMENT: 'general.alignment is a UINT32, a power of two from 32 to 65,536: below, llama.cpp aborts.',
  GGUF_TENSOR_NAME: 'A tensor name has 1 to 63 bytes.',
  GGUF_TENSOR_DUPLICATE: 'A tensor name is written once.',
  GGUF_TENSOR_TYPE: 'A tensor type is one that llama.cpp still reads.',
  GGUF_DIMS: 'A tensor has 1 to 4 dimensions, none of them zero.',
  GGUF_DIMS_OVERFLOW: 'The elements of a tensor, and its bytes, fit into 2^53.',
  GGUF_BLOCK: 'A row is a whole number of the blocks of its type.',
  GGUF_OFFSET_ALIGNMENT: 'A tensor begins at a multiple of the alignment.',
  GGUF_TENSOR_OVERLAP: 'A tensor begins after the one before it ends.',
  GGUF_TENSOR_GAP: 'A tensor begins where the one before it ends, padding apart.',
  GGUF_TENSOR_BEYOND_FILE: 'A tensor ends inside the file.',
  GGUF_TENSOR_MISSING:
    'token_embd.weight, and every tensor of a dense llama, is there and has the shape the keys promise.',
  GGUF_TENSOR_UNKNOWN: 'A dense llama has no tensor that belongs to no layer.',
  GGUF_VOCABULARY: 'Token scores and types are as many as the tokens, and of the types a runtime reads.',
  GGUF_TOKEN_DUPLICATE: 'No two tokens have the same text: llama.cpp aborts.',
  GGUF_SPLIT: 'The parts of a split model are complete, each once, and add up.',

  SAFETENSORS_TRUNCATED: 'The file does not end inside its header.',
  SAFETENSORS_HEADER_TOO_LARGE: 'The header is at most 100 MB, and what must be kept of it at most 32 MiB.',
  SAFETENSORS_HEADER_BEYOND_FILE: 'The header ends inside the file.',
  SAFETENSORS_HEADER_START: 'The header begins with "{".',
  SAFETENSORS_JSON: 'The header is JSON of the shape the format defines, and nothing follows it but spaces.',
  SAFETENSORS_UTF8: 'The header is UTF-8.',
  SAFETENSORS_COUNT_TOO_LARGE: 'At most 131,072 tensors and 4,096 metadata entries.',
  SAFETENSORS_NAME_TOO_LONG: 'A tensor name has 1 to 512 bytes.',
  SAFETENSORS_STRING_TOO_LONG: 'A metadata key or value has at most 1,000,000 bytes.',
  SAFETENSORS_DUPLICATE: 'A name, a metadata key or a field is written once.',
  SAFETENSORS_FIELD: 'A tensor has dtype, shape and data_offsets, and nothing else.',
  SAFETENSORS_METADATA: 'The metadata entry maps strings to strings.',
  SAFETENSORS_DTYPE: 'A dtype is one the format defines.',
  SAFETENSORS_SHAPE: 'A shape has at most 8 dimensions, each a whole number.',
  SAFETENSORS_DIMS_OVERFLOW: 'The elements of a tensor, and its bytes, fit into 2^53.',
  SAFETENSORS_OFFSETS: 'data_offsets are two whole numbers, the first not after the second.',
  SAFETENSORS_SIZE: 'The offsets of a tensor span dtype times shape.',
  SAFETENSORS_OVERLAP: 'A tensor begins after the one before it ends.',
  SAFETENSORS_GAP: 'Tensors follow each other without a hole, from the first byte to the last.',
  SAFETENSORS_BEYOND_FILE: 'A tensor ends inside the file.',
  SAFETENSORS_TRAILING_BYTES: 'Nothing follows the last tensor.',
  SAFETENSORS_SHARD: 'A tensor is in one shard only.',

  CONFIG_MISSING: 'safetensors come with the config.json of their repository.',
  CONFIG_TOO_LARGE: 'A companion file (config.json, tokenizer_config.json, chat_template.jinja) has at most 8 MiB.',
  CONFIG_JSON: 'A companion .json file is a UTF-8 JSON object.',
  CONFIG_FIELD: 'The fields that size a model are there and are possible.',
} as const;

export type Rule = keyof typeof RULES;

const NEXT_STEP: readonly (readonly [prefix: string, text: string])[] = [
  ['FORMAT_', 'Only GGUF and safetensors are accepted: import the model in one of these.'],
  ['CONFIG_', 'Import the whole repository as its publisher offers it, or correct the file.'],
  ['GGUF_', "Fetch the file again and compare its sha256 with the publisher's, or convert the model again."],
  ['SAFETENSORS_', "Fetch the file again and compare its sha256 with the publisher's, or save the model again."],
];

/** Raises the one error of this library: INVALID_ARGUMENT, the rule as its reason, and what to do next. */
export function refuse(rule: Rule, found: string, details: Readonly<Record<string, string>> = {}): never {
  const next = NEXT_STEP.find(([prefix]) => rule.startsWith(prefix))?.[1] ?? '';
  throw new DomainError('INVALID_ARGUMENT', rule, `${found}. ${next}`, { details });
}

/** A name out of a file, made safe to print: bounded and without control characters. */
export function quoted(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}...` : name;
  return JSON.stringify(shown);
}
