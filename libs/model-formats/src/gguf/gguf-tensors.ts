import type { ByteCursor } from '../byte-cursor.ts';
import type { KeptBytes } from '../kept-bytes.ts';
import { quoted, refuse } from '../rules.ts';
import { readLength, readText } from './gguf-strings.ts';
import { type TensorType, tensorType } from './gguf-types.ts';

export interface GgufTensor {
  readonly name: string;
  readonly type: string;
  /** Fastest dimension first, as the file has it. */
  readonly dims: readonly number[];
  readonly elements: number;
  /** From the beginning of the data section. */
  readonly offset: number;
  readonly bytes: number;
}

const MAX_TENSORS = 65_536;
const MAX_NAME_BYTES = 63;
const MAX_DIMS = 4;
/** Name of one byte, one dimension, type and offset. */
const SMALLEST_INFO_BYTES = 8 + 1 + 4 + 8 + 4 + 8;
const TENSOR_COST = 192;

/** Reads the tensor infos: each well-formed by itself, no name twice. Where their data lies is `checkDataSection`'s. */
export async function readTensors(cursor: ByteCursor, count: number, kept: KeptBytes): Promise<GgufTensor[]> {
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const tensor = await readTensor(cursor, index);
    if (names.has(tensor.name)) {
      refuse('GGUF_TENSOR_DUPLICATE', `Tensor ${quoted(tensor.name)} is written twice`, { tensor: tensor.name });
    }
    kept.charge(tensor.name.length + TENSOR_COST);
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

/** Asked before the metadata is read, so that a hostile count costs nothing. */
export function checkTensorCount(count: number, remaining: number): void {
  if (count > MAX_TENSORS) refuse('GGUF_COUNT_TOO_LARGE', `The header says ${count} tensors, more than ${MAX_TENSORS}`);
  if (count * SMALLEST_INFO_BYTES > remaining) {
    refuse('GGUF_COUNT_BEYOND_FILE', `The header says ${count} tensors, but ${remaining} bytes remain`);
  }
}

/**
 * Tensors lie one behind the other in the order of their infos, each padded to the alignment, and end with the file:
 * llama.cpp computes the same positions and refuses any other.
 */
export function checkDataSection(tensors: readonly GgufTensor[], alignment: number, available: number): void {
  let expected = 0;
  let end = 0;
  for (const tensor of tensors) {
    checkPosition(tensor, expected, alignment);
    end = tensor.offset + tensor.bytes;
    if (end > available) {
      refuse(
        'GGUF_TENSOR_BEYOND_FILE',
        `Tensor ${quoted(tensor.name)} ends at byte ${end} of a data section of ${available}`,
        { tensor: tensor.name, offset: String(tensor.offset) },
      );
    }
    expected = alignUp(end, alignment);
  }
  if (available > Math.max(expected, end)) {
    refuse('GGUF_TRAILING_BYTES', `${available - expected} bytes follow the last tensor`);
  }
}

export function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function checkPosition(tensor: GgufTensor, expected: number, alignment: number): void {
  const { name, offset } = tensor;
  if (offset === expected) return;
  const details = { tensor: name, offset: String(offset) };
  const found = `Tensor ${quoted(name)} begins at byte ${offset} of the data section`;
  if (offset % alignment !== 0) refuse('GGUF_OFFSET_ALIGNMENT', `${found}, not a multiple of ${alignment}`, details);
  if (offset < expected) refuse('GGUF_TENSOR_OVERLAP', `${found}, inside the tensor before it`, details);
  refuse('GGUF_TENSOR_GAP', `${found}, ${offset - expected} bytes after the tensor before it`, details);
}

async function readTensor(cursor: ByteCursor, index: number): Promise<GgufTensor> {
  const name = await readName(cursor, index);
  const dims = await readDims(cursor, name);
  await cursor.need(12, `tensor ${quoted(name)}`);
  const type = knownType(cursor.u32(), name);
  const offset = cursor.u64();
  if (offset === Number.POSITIVE_INFINITY) {
    refuse('GGUF_TENSOR_BEYOND_FILE', `Tensor ${quoted(name)} begins beyond 2^53`, { tensor: name });
  }
  return { name, type: type.name, dims, offset, ...size(name, dims, type) };
}

async function readName(cursor: ByteCursor, index: number): Promise<string> {
  const what = `the name of tensor ${index}`;
  const length = await readLength(cursor, MAX_NAME_BYTES, 'GGUF_TENSOR_NAME', what);
  if (length === 0) refuse('GGUF_TENSOR_NAME', `Tensor ${index} at byte ${cursor.position - 8} has no name`);
  return readText(cursor, length, what);
}

async function readDims(cursor: ByteCursor, name: string): Promise<number[]> {
  await cursor.need(4, `the dimensions of ${quoted(name)}`);
  const count = cursor.u32();
  if (count < 1 || count > MAX_DIMS) {
    refuse('GGUF_DIMS', `Tensor ${quoted(name)} has ${count} dimensions at byte ${cursor.position - 4}`, {
      tensor: name,
    });
  }
  await cursor.need(8 * count, `the dimensions of ${quoted(name)}`);
  const dims = Array.from({ length: count }, () => cursor.u64());
  if (dims.includes(0)) refuse('GGUF_DIMS', `Tensor ${quoted(name)} has a dimension of 0`, { tensor: name });
  return dims;
}

function knownType(wire: number, name: string): TensorType {
  const type = tensorType(wire);
  if (type === undefined)
    refuse('GGUF_TENSOR_TYPE', `Tensor ${quoted(name)} has the unknown type ${wire}`, { tensor: name });
  return type;
}

function size(name: string, dims: readonly number[], type: TensorType): { elements: number; bytes: number } {
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const bytes = (elements / type.blockElements) * type.blockBytes;
  if (!(elements <= Number.MAX_SAFE_INTEGER && bytes <= Number.MAX_SAFE_INTEGER)) {
    refuse('GGUF_DIMS_OVERFLOW', `Tensor ${quoted(name)} has the shape ${dims.join(' x ')}`, { tensor: name });
  }
  const row = dims[0] ?? 0;
  if (row % type.blockElements !== 0) {
    refuse('GGUF_BLOCK', `Tensor ${quoted(name)} has rows of ${row} in blocks of ${type.blockElements}`, {
      tensor: name,
    });
  }
  return { elements, bytes };
}
