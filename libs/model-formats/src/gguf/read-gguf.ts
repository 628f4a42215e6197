import { ByteCursor } from '../byte-cursor.ts';
import type { ByteSource } from '../byte-source.ts';
import { KeptBytes } from '../kept-bytes.ts';
import { refuse } from '../rules.ts';
import { type GgufMetadata, readMetadata } from './gguf-metadata.ts';
import { alignUp, checkDataSection, checkTensorCount, type GgufTensor, readTensors } from './gguf-tensors.ts';

export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Where the data section begins in the file. */
  readonly dataOffset: number;
}

const MAX_KEPT_BYTES = 16_777_216;
const DEFAULT_ALIGNMENT = 32;
/** What llama.cpp asks of the tensors in a mapped file. */
const MIN_ALIGNMENT = 32;
const MAX_ALIGNMENT = 65_536;

/**
 * Reads and checks a whole GGUF header. It touches no tensor data, so the cost is that of the header whatever the
 * size of the file; what passes has every tensor inside the file, in order, without overlap. Throws INVALID_ARGUMENT
 * with the broken rule as reason.
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const cursor = new ByteCursor(source, { end: source.size, truncated: 'GGUF_TRUNCATED' });
  const version = await readVersion(cursor);
  await cursor.need(16, 'the counts');
  const tensorCount = cursor.u64();
  const keyCount = cursor.u64();
  checkTensorCount(tensorCount, cursor.remaining);
  const kept = new KeptBytes(MAX_KEPT_BYTES, 'GGUF_HEADER_TOO_LARGE');
  const metadata = await readMetadata(cursor, keyCount, kept);
  const alignment = readAlignment(metadata);
  const tensors = await readTensors(cursor, tensorCount, kept);
  const dataOffset = alignUp(cursor.position, alignment);
  checkDataSection(tensors, alignment, Math.max(0, source.size - dataOffset));
  return { version, metadata, tensors, alignment, dataOffset };
}

async function readVersion(cursor: ByteCursor): Promise<2 | 3> {
  await cursor.need(8, 'the magic and version');
  const magic = String.fromCharCode(...cursor.bytes(4));
  if (magic !== 'GGUF') refuse('GGUF_MAGIC', 'The file does not begin with "GGUF"');
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  if (version % 65_536 === 0 && version > 0) refuse('GGUF_BIG_ENDIAN', 'The file is big-endian');
  return refuse('GGUF_VERSION', `The file has version ${version}, we read 2 and 3`);
}

function readAlignment(metadata: GgufMetadata): number {
  const found = metadata.get('general.alignment');
  if (found === undefined) return DEFAULT_ALIGNMENT;
  const alignment = found.type === 'UINT32' ? Number(found.value) : 0;
  const isPowerOfTwo = alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (!isPowerOfTwo || alignment < MIN_ALIGNMENT || alignment > MAX_ALIGNMENT) {
    refuse('GGUF_ALIGNMENT', `general.alignment is ${found.type} ${alignment}`, { key: 'general.alignment' });
  }
  return alignment;
}
