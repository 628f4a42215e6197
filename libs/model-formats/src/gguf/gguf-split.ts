import { quoted, refuse } from '../rules.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import type { GgufTensor } from './gguf-tensors.ts';
import type { GgufHeader } from './read-gguf.ts';

export interface JoinedGguf {
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
}

/**
 * One model out of the parts llama.cpp splits it into (`split.no`, `split.count`, `split.tensors.count`), in any
 * order. The first part carries the metadata.
 */
export function joinSplit(parts: readonly GgufHeader[]): JoinedGguf {
  const first = firstOf(parts);
  const tensors = parts.flatMap((part) => part.tensors);
  const promised = splitNumber(first, 'split.tensors.count');
  if (parts.length > 1 && promised !== null && promised !== tensors.length) {
    refuse('GGUF_SPLIT', `The parts hold ${tensors.length} tensors, the first promises ${promised}`);
  }
  refuseTwice(tensors);
  return { metadata: first.metadata, tensors };
}

/** The part with the metadata, when every part is there once. */
function firstOf(parts: readonly GgufHeader[]): GgufHeader {
  const numbered = new Map(parts.map((part) => [splitNumber(part, 'split.no') ?? 0, part]));
  const first = numbered.get(0);
  if (first === undefined) refuse('GGUF_SPLIT', 'The first part of a split model is missing');
  const expected = Math.max(1, splitNumber(first, 'split.count') ?? 1);
  if (numbered.size !== parts.length || parts.length !== expected) {
    refuse(
      'GGUF_SPLIT',
      `${parts.length} files with ${numbered.size} numbers are not the ${expected} parts of one model`,
    );
  }
  return first;
}

function splitNumber(part: GgufHeader, key: string): number | null {
  const found = part.metadata.get(key);
  if (found === undefined) return null;
  const isNumber = found.type === 'UINT16' || found.type === 'INT32' || found.type === 'UINT32';
  if (!isNumber) refuse('GGUF_KEY_TYPE', `Key "${key}" is ${found.type}, not a number`, { key });
  return Number(found.value);
}

function refuseTwice(tensors: readonly GgufTensor[]): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) refuse('GGUF_SPLIT', `Tensor ${quoted(name)} is in two parts`, { tensor: name });
    names.add(name);
  }
}
