import { quoted, refuse } from '../rules.ts';

export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** From the beginning of the data section. */
  readonly offset: number;
  readonly bytes: number;
}

export const MAX_DIMS = 8;

const DTYPE_BITS: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
};

interface Fields {
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly data_offsets?: readonly number[];
}

/** Holds one tensor's fields against each other; where it lies among the others is `checkLayout`'s. */
export function tensorOf(name: string, { dtype, shape, data_offsets: offsets }: Fields): SafetensorsTensor {
  const details = { tensor: name };
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    refuse('SAFETENSORS_FIELD', `Tensor ${quoted(name)} lacks dtype, shape or data_offsets`, details);
  }
  const [offset, end] = offsets;
  if (offset === undefined || end === undefined || offset > end) {
    refuse('SAFETENSORS_OFFSETS', `Tensor ${quoted(name)} has the data_offsets [${offsets.join(', ')}]`, details);
  }
  const elements = shape.reduce((product, dim) => product * dim, 1);
  const bytes = (elements * bitsOf(dtype, name)) / 8;
  if (!Number.isSafeInteger(elements) || bytes > Number.MAX_SAFE_INTEGER) {
    refuse('SAFETENSORS_DIMS_OVERFLOW', `Tensor ${quoted(name)} has the shape ${shape.join(' x ')}`, details);
  }
  if (bytes !== end - offset) {
    refuse('SAFETENSORS_SIZE', `Tensor ${quoted(name)} needs ${bytes} bytes and spans ${end - offset}`, details);
  }
  return { name, dtype, shape, elements, offset, bytes };
}

export function checkLayout(tensors: readonly SafetensorsTensor[], available: number): void {
  const inOrder = [...tensors].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let expected = 0;
  for (const tensor of inOrder) {
    checkPosition(tensor, expected, available);
    expected = tensor.offset + tensor.bytes;
  }
  if (expected < available) {
    refuse('SAFETENSORS_TRAILING_BYTES', `${available - expected} bytes follow the last tensor`);
  }
}

function checkPosition({ name, offset, bytes }: SafetensorsTensor, expected: number, available: number): void {
  const details = { tensor: name, offset: String(offset) };
  const found = `Tensor ${quoted(name)} spans bytes ${offset} to ${offset + bytes}`;
  if (offset + bytes > available) {
    refuse('SAFETENSORS_BEYOND_FILE', `${found} of a data section of ${available}`, details);
  }
  if (offset < expected) refuse('SAFETENSORS_OVERLAP', `${found}, but another ends at ${expected}`, details);
  if (offset > expected) refuse('SAFETENSORS_GAP', `${found}, and nothing fills the bytes from ${expected}`, details);
}

function bitsOf(dtype: string, tensor: string): number {
  const bits = Object.hasOwn(DTYPE_BITS, dtype) ? DTYPE_BITS[dtype] : undefined;
  if (bits === undefined)
    refuse('SAFETENSORS_DTYPE', `Tensor ${quoted(tensor)} has the unknown dtype ${quoted(dtype)}`, { tensor });
  return bits;
}

/** Bits of a dtype, for whoever writes a file. */
export function dtypeBits(dtype: string): number {
  return bitsOf(dtype, '');
}
