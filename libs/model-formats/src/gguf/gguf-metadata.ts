import type { ByteCursor } from '../byte-cursor.ts';
import type { KeptBytes } from '../kept-bytes.ts';
import { quoted, refuse } from '../rules.ts';
import { readLength, readText } from './gguf-strings.ts';
import { SeenTokens } from './seen-tokens.ts';
import { SCALAR_BYTES, type ScalarTypeName, type ValueTypeName, valueTypeName } from './gguf-types.ts';

export type GgufScalar = number | bigint | boolean;

/** A value as read. Long strings and big arrays are checked and counted, but not kept: their content is null. */
export type GgufValue =
  | { readonly type: ScalarTypeName; readonly value: GgufScalar }
  | { readonly type: 'STRING'; readonly value: string | null; readonly bytes: number }
  | {
      readonly type: 'ARRAY';
      readonly of: ValueTypeName;
      readonly count: number;
      readonly values: readonly GgufScalar[] | null;
    };

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

const MAX_KEYS = 16_384;
const MAX_KEY_BYTES = 1_024;
const MAX_STRING_BYTES = 67_108_864;
const MAX_ELEMENT_BYTES = 65_536;
const MAX_ELEMENTS = 16_777_216;
const MAX_TOKENS = 1_048_576;
const MAX_HEADER_BYTES = 268_435_456;
const KEPT_STRING_BYTES = 1_048_576;
const KEPT_ELEMENTS = 4_096;
/** A key of one byte, its type, and a value of one byte. */
const SMALLEST_ENTRY_BYTES = 8 + 1 + 4 + 1;
/** What a kept entry, or a kept element of an array, costs in memory beside its bytes. */
const ENTRY_COST = 128;
const ELEMENT_COST = 16;

/** Reads all key-value pairs. Vocabularies pass through one window of memory; nothing is allocated by a count. */
export async function readMetadata(cursor: ByteCursor, count: number, kept: KeptBytes): Promise<GgufMetadata> {
  if (count > MAX_KEYS) refuse('GGUF_COUNT_TOO_LARGE', `The header says ${count} keys, more than ${MAX_KEYS}`);
  if (count * SMALLEST_ENTRY_BYTES > cursor.remaining) {
    refuse('GGUF_COUNT_BEYOND_FILE', `The header says ${count} keys, but ${cursor.remaining} bytes remain`);
  }
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index += 1) {
    const at = cursor.position;
    const key = await readKey(cursor, index);
    if (metadata.has(key)) {
      refuse('GGUF_KEY_DUPLICATE', `Key ${quoted(key)} at byte ${at} is written twice`, { key });
    }
    kept.charge(key.length + ENTRY_COST);
    metadata.set(key, await readValue(cursor, key, kept));
    refuseLargeHeader(cursor);
  }
  return metadata;
}

async function readKey(cursor: ByteCursor, index: number): Promise<string> {
  const what = `key ${index}`;
  const length = await readLength(cursor, MAX_KEY_BYTES, 'GGUF_KEY_TOO_LONG', what);
  if (length === 0) refuse('GGUF_KEY_EMPTY', `Key ${index} at byte ${cursor.position - 8} is empty`);
  return readText(cursor, length, what);
}

async function readValue(cursor: ByteCursor, key: string, kept: KeptBytes): Promise<GgufValue> {
  const type = await readType(cursor, key);
  if (type === 'STRING') return readString(cursor, key, kept);
  if (type === 'ARRAY') return readArray(cursor, key, kept);
  await cursor.need(SCALAR_BYTES[type], `the value of ${quoted(key)}`);
  return { type, value: readScalar(cursor, type, key) };
}

async function readType(cursor: ByteCursor, key: string): Promise<ValueTypeName> {
  await cursor.need(4, `the type of ${quoted(key)}`);
  const wire = cursor.u32();
  const type = valueTypeName(wire);
  if (type === undefined) {
    refuse('GGUF_VALUE_TYPE', `Key ${quoted(key)} has the unknown type ${wire} at byte ${cursor.position - 4}`, {
      key,
    });
  }
  return type;
}

async function readString(cursor: ByteCursor, key: string, kept: KeptBytes): Promise<GgufValue> {
  const what = `the value of ${quoted(key)}`;
  const limit = key.startsWith('tokenizer.chat_template') ? KEPT_STRING_BYTES : MAX_STRING_BYTES;
  const bytes = await readLength(cursor, limit, 'GGUF_STRING_TOO_LONG', what);
  if (bytes > KEPT_STRING_BYTES) {
    cursor.skip(bytes);
    return { type: 'STRING', value: null, bytes };
  }
  kept.charge(bytes);
  return { type: 'STRING', value: await readText(cursor, bytes, what), bytes };
}

async function readArray(cursor: ByteCursor, key: string, kept: KeptBytes): Promise<GgufValue> {
  const of = await readType(cursor, key);
  if (of === 'ARRAY') refuse('GGUF_ARRAY_NESTED', `Key ${quoted(key)} is an array of arrays`, { key });
  await cursor.need(8, `the length of ${quoted(key)}`);
  const count = cursor.u64();
  if (count > MAX_ELEMENTS) {
    refuse('GGUF_COUNT_TOO_LARGE', `Key ${quoted(key)} says it has ${count} elements, more than ${MAX_ELEMENTS}`, {
      key,
    });
  }
  const smallest = of === 'STRING' ? 8 : SCALAR_BYTES[of];
  if (count * smallest > cursor.remaining) {
    refuse('GGUF_ARRAY_BEYOND_FILE', `Key ${quoted(key)} says it has ${count} elements, but the file ends before`, {
      key,
    });
  }
  if (of === 'STRING')
    return key === 'tokenizer.ggml.tokens' ? passTokens(cursor, count) : passStrings(cursor, key, count);
  if (count > KEPT_ELEMENTS) {
    cursor.skip(count * smallest);
    return { type: 'ARRAY', of, count, values: null };
  }
  kept.charge(count * ELEMENT_COST);
  await cursor.need(count * smallest, `the elements of ${quoted(key)}`);
  const values = Array.from({ length: count }, () => readScalar(cursor, of, key));
  return { type: 'ARRAY', of, count, values };
}

async function passStrings(cursor: ByteCursor, key: string, count: number): Promise<GgufValue> {
  const what = `an element of ${quoted(key)}`;
  for (let index = 0; index < count; index += 1) {
    const length =
      nextLength(cursor, key) ?? (await readLength(cursor, MAX_ELEMENT_BYTES, 'GGUF_STRING_TOO_LONG', what));
    cursor.skip(length);
  }
  refuseLargeHeader(cursor);
  return { type: 'ARRAY', of: 'STRING', count, values: null };
}

/** llama.cpp keeps tokens by their text and aborts the process when two share one; an empty one it renames. */
async function passTokens(cursor: ByteCursor, count: number): Promise<GgufValue> {
  const key = 'tokenizer.ggml.tokens';
  if (count > MAX_TOKENS)
    refuse('GGUF_COUNT_TOO_LARGE', `The vocabulary has ${count} tokens, more than ${MAX_TOKENS}`, { key });
  const seen = new SeenTokens(count);
  for (let index = 0; index < count; index += 1) {
    const length =
      nextLength(cursor, key) ??
      (await readLength(cursor, MAX_ELEMENT_BYTES, 'GGUF_STRING_TOO_LONG', `token ${index}`));
    if (!cursor.has(length)) await cursor.need(length, `token ${index}`);
    if (length > 0 && !seen.add(cursor.bytes(length))) {
      refuse('GGUF_TOKEN_DUPLICATE', `Token ${index}, ending at byte ${cursor.position}, is in the vocabulary before`, {
        key,
      });
    }
  }
  return { type: 'ARRAY', of: 'STRING', count, values: null };
}

/** The length of an element that lies in the window: most do, and a vocabulary has too many for a call each. */
function nextLength(cursor: ByteCursor, key: string): number | undefined {
  if (!cursor.has(8)) return undefined;
  const length = cursor.u64();
  if (length <= MAX_ELEMENT_BYTES && length <= cursor.remaining) return length;
  const rule = length > cursor.remaining ? 'GGUF_STRING_BEYOND_FILE' : 'GGUF_STRING_TOO_LONG';
  return refuse(rule, `An element of ${quoted(key)} at byte ${cursor.position - 8} says it has ${length} bytes`, {
    key,
  });
}

function refuseLargeHeader(cursor: ByteCursor): void {
  if (cursor.position <= MAX_HEADER_BYTES) return;
  refuse('GGUF_HEADER_TOO_LARGE', `The header goes on after ${MAX_HEADER_BYTES} bytes`);
}

const SCALAR_READERS: Readonly<Record<Exclude<ScalarTypeName, 'BOOL'>, (view: DataView) => GgufScalar>> = {
  UINT8: (view) => view.getUint8(0),
  INT8: (view) => view.getInt8(0),
  UINT16: (view) => view.getUint16(0, true),
  INT16: (view) => view.getInt16(0, true),
  UINT32: (view) => view.getUint32(0, true),
  INT32: (view) => view.getInt32(0, true),
  FLOAT32: (view) => view.getFloat32(0, true),
  UINT64: (view) => view.getBigUint64(0, true),
  INT64: (view) => view.getBigInt64(0, true),
  FLOAT64: (view) => view.getFloat64(0, true),
};

function readScalar(cursor: ByteCursor, type: ScalarTypeName, key: string): GgufScalar {
  if (type !== 'BOOL') return SCALAR_READERS[type](cursor.view(SCALAR_BYTES[type]));
  const byte = cursor.u8();
  if (byte > 1)
    refuse('GGUF_BOOL', `Key ${quoted(key)} holds the bool ${byte} at byte ${cursor.position - 1}`, { key });
  return byte === 1;
}
