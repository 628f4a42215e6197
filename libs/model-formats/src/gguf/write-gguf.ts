import { alignUp } from './gguf-tensors.ts';
import {
  SCALAR_BYTES,
  type ScalarTypeName,
  tensorType,
  tensorTypeNumber,
  VALUE_TYPE,
  type ValueTypeName,
} from './gguf-types.ts';

export type WritableValue =
  | { readonly type: ScalarTypeName; readonly value: number | bigint | boolean }
  | { readonly type: 'STRING'; readonly value: string }
  | { readonly type: 'ARRAY'; readonly of: 'STRING'; readonly values: readonly string[] }
  | { readonly type: 'ARRAY'; readonly of: ScalarTypeName; readonly values: readonly (number | bigint | boolean)[] };

export interface WritableTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  /** Left out in a header-only file. */
  readonly data?: Uint8Array;
}

export interface WritableGguf {
  readonly version?: 2 | 3;
  readonly metadata: readonly (readonly [key: string, value: WritableValue])[];
  readonly tensors: readonly WritableTensor[];
  readonly alignment?: number;
}

/** Where the parts of a written header lie: `tensorCount`, `keyCount`, `key:<key>`, `tensor:<name>`, `data`. */
export type Landmarks = ReadonlyMap<string, number>;

export interface WrittenGguf {
  /** Header and data; in a header-only file, the header up to the data section. */
  readonly bytes: Uint8Array;
  readonly landmarks: Landmarks;
  /** Of the whole file, with the data that was left out. */
  readonly fileBytes: number;
}

/** Writes a GGUF file the readers accept: tensors in order, aligned, offsets computed. */
export function writeGguf(file: WritableGguf): WrittenGguf {
  const alignment = file.alignment ?? 32;
  const out = new ByteWriter();
  out.raw(new TextEncoder().encode('GGUF'));
  out.scalar('UINT32', file.version ?? 3);
  out.landmark('tensorCount');
  out.scalar('UINT64', BigInt(file.tensors.length));
  out.landmark('keyCount');
  const metadata = withAlignment(file);
  out.scalar('UINT64', BigInt(metadata.length));
  for (const [key, value] of metadata) {
    out.landmark(`key:${key}`);
    out.string(key);
    writeValue(out, value);
  }
  const dataBytes = writeTensorInfos(out, file.tensors, alignment);
  out.padTo(alignment);
  out.landmark('data');
  const fileBytes = out.length + dataBytes;
  for (const tensor of file.tensors) {
    if (tensor.data === undefined) continue;
    out.raw(tensor.data);
    out.padTo(alignment);
  }
  return { bytes: out.finish(), landmarks: out.landmarks, fileBytes };
}

function withAlignment({ metadata, alignment }: WritableGguf): WritableGguf['metadata'] {
  if (alignment === undefined) return metadata;
  return [...metadata, ['general.alignment', { type: 'UINT32', value: alignment }]];
}

function writeTensorInfos(out: ByteWriter, tensors: readonly WritableTensor[], alignment: number): number {
  let offset = 0;
  for (const tensor of tensors) {
    const wire = tensorTypeNumber(tensor.type);
    out.landmark(`tensor:${tensor.name}`);
    out.string(tensor.name);
    out.scalar('UINT32', tensor.dims.length);
    for (const dim of tensor.dims) out.scalar('UINT64', BigInt(dim));
    out.scalar('UINT32', wire);
    out.scalar('UINT64', BigInt(offset));
    offset += alignUp(tensorBytes(tensor.dims, wire), alignment);
  }
  return offset;
}

function tensorBytes(dims: readonly number[], wire: number): number {
  const { blockElements, blockBytes } = tensorType(wire) ?? { blockElements: 1, blockBytes: 0 };
  return (dims.reduce((product, dim) => product * dim, 1) / blockElements) * blockBytes;
}

function writeValue(out: ByteWriter, value: WritableValue): void {
  out.type(value.type);
  if (value.type === 'STRING') out.string(value.value);
  else if (value.type === 'ARRAY') writeArray(out, value);
  else out.scalar(value.type, value.value);
}

function writeArray(out: ByteWriter, array: WritableValue & { type: 'ARRAY' }): void {
  out.type(array.of);
  out.scalar('UINT64', BigInt(array.values.length));
  if (array.of === 'STRING') for (const value of array.values) out.string(value);
  else for (const value of array.values) out.scalar(array.of, value);
}

type Setter = (view: DataView, value: number | bigint | boolean) => void;

const SETTERS: Readonly<Record<ScalarTypeName, Setter>> = {
  UINT8: (view, value) => view.setUint8(0, Number(value)),
  INT8: (view, value) => view.setInt8(0, Number(value)),
  UINT16: (view, value) => view.setUint16(0, Number(value), true),
  INT16: (view, value) => view.setInt16(0, Number(value), true),
  UINT32: (view, value) => view.setUint32(0, Number(value), true),
  INT32: (view, value) => view.setInt32(0, Number(value), true),
  FLOAT32: (view, value) => view.setFloat32(0, Number(value), true),
  BOOL: (view, value) => view.setUint8(0, value ? 1 : 0),
  UINT64: (view, value) => view.setBigUint64(0, BigInt(value), true),
  INT64: (view, value) => view.setBigInt64(0, BigInt(value), true),
  FLOAT64: (view, value) => view.setFloat64(0, Number(value), true),
};

class ByteWriter {
  readonly landmarks = new Map<string, number>();
  #buffer = new Uint8Array(65_536);
  length = 0;

  landmark(name: string): void {
    this.landmarks.set(name, this.length);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  scalar(type: ScalarTypeName, value: number | bigint | boolean): void {
    const size = SCALAR_BYTES[type];
    const at = this.#grow(size);
    SETTERS[type](new DataView(this.#buffer.buffer, at, size), value);
  }

  type(name: ValueTypeName): void {
    this.scalar('UINT32', VALUE_TYPE[name]);
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.scalar('UINT64', BigInt(bytes.length));
    this.raw(bytes);
  }

  padTo(alignment: number): void {
    this.#grow(alignUp(this.length, alignment) - this.length);
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.length);
  }

  #grow(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    if (this.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return at;
  }
}
