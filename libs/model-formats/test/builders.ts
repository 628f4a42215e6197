import {
  type ByteSource,
  tinyGguf,
  type WritableGguf,
  type WritableTensor,
  type WritableValue,
  writeGguf,
  writeSafetensors,
} from '../src/index.ts';

/** A file whose data was never written: the header, then zeros up to the size the header promises. */
export function sparseSource(header: Uint8Array, size: number): ByteSource {
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.min(length, size - offset));
      bytes.set(header.subarray(offset, offset + bytes.length));
      return Promise.resolve(bytes);
    },
  };
}

const VALID = tinyGguf();

/** A valid small GGUF with changes: keys and tensors replaced, left out (undefined) or added at the end. */
export interface GgufChanges {
  readonly keys?: Readonly<Record<string, WritableValue | undefined>>;
  readonly tensors?: Readonly<Record<string, Partial<WritableTensor> | undefined>>;
  readonly extraKeys?: WritableGguf['metadata'];
  readonly extraTensors?: readonly WritableTensor[];
  readonly version?: 2 | 3;
  readonly alignment?: number;
}

export function aGguf(changes: GgufChanges = {}): ReturnType<typeof writeGguf> {
  const { keys = {}, tensors = {}, extraKeys = [], extraTensors = [], ...rest } = changes;
  const metadata = VALID.metadata
    .map(([key, value]) => [key, key in keys ? keys[key] : value] as const)
    .filter((entry): entry is readonly [string, WritableValue] => entry[1] !== undefined);
  const added = Object.entries(keys).filter(
    (entry): entry is [string, WritableValue] =>
      entry[1] !== undefined && !VALID.metadata.some(([key]) => key === entry[0]),
  );
  const changed = VALID.tensors
    .filter(({ name }) => !(name in tensors) || tensors[name] !== undefined)
    .map((tensor) => ({ ...tensor, ...tensors[tensor.name] }));
  return writeGguf({
    ...rest,
    metadata: [...metadata, ...added, ...extraKeys],
    tensors: [...changed, ...extraTensors],
  });
}

/** A valid safetensors file of three tensors. */
export function aSafetensors(): Uint8Array {
  return writeSafetensors(
    [
      { name: 'model.embed_tokens.weight', dtype: 'BF16', shape: [8, 4], data: new Uint8Array(64) },
      { name: 'model.norm.weight', dtype: 'F32', shape: [4], data: new Uint8Array(16) },
      { name: 'model.scale', dtype: 'F8_E4M3', shape: [], data: new Uint8Array(1) },
    ],
    { format: 'pt' },
  ).bytes;
}

/** A safetensors file with this text as its header, and this many bytes of data. */
export function withHeader(header: string | Uint8Array, dataBytes: number): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** A copy with a number written over it, little-endian. */
export function patched(bytes: Uint8Array, at: number, size: 1 | 4 | 8, value: number | bigint): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (size === 8) view.setBigUint64(at, BigInt(value), true);
  else if (size === 4) view.setUint32(at, Number(value), true);
  else view.setUint8(at, Number(value));
  return copy;
}
