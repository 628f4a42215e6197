import { dtypeBits } from './safetensors-tensors.ts';

export interface WritableSafetensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Left out in a header-only file. */
  readonly data?: Uint8Array;
}

/** Writes a safetensors file, or its header alone where no tensor brings data; `fileBytes` counts the data anyway. */
export function writeSafetensors(
  tensors: readonly WritableSafetensor[],
  metadata?: Readonly<Record<string, string>>,
): { bytes: Uint8Array; fileBytes: number } {
  let end = 0;
  const header: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', metadata]];
  for (const { name, dtype, shape } of tensors) {
    const start = end;
    end += (shape.reduce((product, dim) => product * dim, 1) * dtypeBits(dtype)) / 8;
    header.push([name, { dtype, shape, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(headerBytes), true);
  const spaces = new Uint8Array(headerBytes - json.length).fill(0x20);
  const data = tensors.flatMap((tensor) => tensor.data ?? []);
  return { bytes: joined([length, json, spaces, ...data]), fileBytes: 8 + headerBytes + end };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
