import { quoted, refuse } from '../rules.ts';
import type { GgufKeys } from './gguf-keys.ts';
import type { GgufTensor } from './gguf-tensors.ts';

/** The sizes the tensors of a model are made of. */
export interface LlamaSizes {
  readonly layers: number;
  readonly embeddingLength: number;
  readonly kvHeads: number;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
}

type Shape = readonly number[];

/**
 * The architecture most models are published in, and the one of the tiny model: its dense form is checked tensor by
 * tensor, so that a file which lacks one is refused at import and not when a node loads it. Forms with experts or with
 * sizes that differ by layer are left to the runtime.
 */
export function checkLlama(keys: GgufKeys, tensors: readonly GgufTensor[], sizes: LlamaSizes): void {
  const feedForward = keys.countPerLayer('llama.feed_forward_length', sizes.layers);
  const heads = keys.countPerLayer('llama.attention.head_count', sizes.layers);
  const hasExperts = (keys.count('llama.expert_count') ?? 0) > 0;
  if (hasExperts || typeof feedForward !== 'number' || typeof heads !== 'number') return;
  if (heads % Math.max(1, sizes.kvHeads) !== 0) keys.refuseValue('llama.attention.head_count', String(heads));
  const rotary = keys.count('llama.rope.dimension_count');
  if (rotary !== null && rotary !== sizes.keyHeadSize) keys.refuseValue('llama.rope.dimension_count', String(rotary));
  const shapes = new Map(tensors.map((tensor) => [tensor.name, tensor.dims]));
  requireShape(shapes, 'output_norm.weight', [sizes.embeddingLength]);
  for (let layer = 0; layer < sizes.layers; layer += 1) {
    for (const [suffix, shape] of blockShapes(sizes, heads, feedForward)) {
      requireShape(shapes, `blk.${layer}.${suffix}.weight`, shape);
    }
  }
  refuseUnknown(tensors, sizes.layers);
}

function blockShapes(sizes: LlamaSizes, heads: number, feedForward: number): readonly (readonly [string, Shape])[] {
  const width = sizes.embeddingLength;
  return [
    ['attn_norm', [width]],
    ['attn_q', [width, sizes.keyHeadSize * heads]],
    ['attn_k', [width, sizes.keyHeadSize * sizes.kvHeads]],
    ['attn_v', [width, sizes.valueHeadSize * sizes.kvHeads]],
    ['attn_output', [sizes.keyHeadSize * heads, width]],
    ['ffn_norm', [width]],
    ['ffn_gate', [width, feedForward]],
    ['ffn_up', [width, feedForward]],
    ['ffn_down', [feedForward, width]],
  ];
}

function requireShape(shapes: ReadonlyMap<string, Shape>, name: string, shape: Shape): void {
  const found = shapes.get(name)?.join(' x ');
  const promised = shape.join(' x ');
  if (found === promised) return;
  refuse('GGUF_TENSOR_MISSING', `Tensor ${quoted(name)} is ${found ?? 'missing'}, the keys promise ${promised}`, {
    tensor: name,
  });
}

/** llama.cpp counts: a tensor it does not take is one too many. */
function refuseUnknown(tensors: readonly GgufTensor[], layers: number): void {
  const known = /^(token_embd|output_norm|output|rope_freqs|rope_factors_(long|short))\.weight$|^blk\.(\d+)\./;
  for (const { name } of tensors) {
    const layer = known.exec(name)?.[3];
    if (known.test(name) && Number(layer ?? 0) < layers) continue;
    refuse('GGUF_TENSOR_UNKNOWN', `Tensor ${quoted(name)} belongs to no part of the model`, { tensor: name });
  }
}
