import type { ByteSource } from './byte-source.ts';
import { type Rule, refuse } from './rules.ts';

export type WeightFormat = 'gguf' | 'safetensors';

const PROBE_BYTES = 512;

interface Signature {
  readonly rule: Rule;
  readonly looksLike: string;
  readonly at?: number;
  readonly bytes: string;
}

/** Latin-1 spellings of the first bytes. Order matters only where one signature is the beginning of another. */
const SIGNATURES: readonly Signature[] = [
  { rule: 'FORMAT_ARCHIVE', looksLike: 'a zip archive, as PyTorch writes its checkpoints', bytes: 'PK\x03\x04' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'an empty zip archive', bytes: 'PK\x05\x06' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'a gzip archive', bytes: '\x1f\x8b' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'a zstd archive', bytes: '\x28\xb5\x2f\xfd' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'an xz archive', bytes: '\xfd7zXZ' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'a 7z archive', bytes: '7z\xbc\xaf' },
  { rule: 'FORMAT_ARCHIVE', looksLike: 'a tar archive', at: 257, bytes: 'ustar' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'HDF5', bytes: '\x89HDF\r\n\x1a\n' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'TensorFlow Lite', at: 4, bytes: 'TFL3' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'a NumPy array', bytes: '\x93NUMPY' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'GGML, the format before GGUF', bytes: 'lmgg' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'GGJT, the format before GGUF', bytes: 'tjgg' },
  { rule: 'FORMAT_FOREIGN', looksLike: 'GGMF, the format before GGUF', bytes: 'fmgg' },
  {
    rule: 'FORMAT_NOT_WEIGHTS',
    looksLike: 'a git-lfs pointer, not the file it points to',
    bytes: 'version https://git-lfs',
  },
  { rule: 'FORMAT_NOT_WEIGHTS', looksLike: 'a web page', bytes: '<!' },
  { rule: 'FORMAT_NOT_WEIGHTS', looksLike: 'a web page', bytes: '<html' },
  { rule: 'FORMAT_NOT_WEIGHTS', looksLike: 'an executable', bytes: '\x7fELF' },
  { rule: 'FORMAT_NOT_WEIGHTS', looksLike: 'a script', bytes: '#!' },
];

/** A README may well begin like a web page; what carries weights or code may not stand beside the weights. */
const SIGNATURES_OF_WEIGHTS = SIGNATURES.filter(({ rule }) => rule !== 'FORMAT_NOT_WEIGHTS');

/** Weaker signs, looked at only after safetensors: a header length may begin with the same bytes. */
const WEAK_SIGNATURES: readonly { readonly rule: Rule; readonly looksLike: string; readonly test: RegExp }[] = [
  {
    rule: 'FORMAT_PICKLE',
    looksLike: 'a Python pickle, which runs code when it is loaded',
    // eslint-disable-next-line no-control-regex -- a pickle begins with its protocol number
    test: /^\x80[\x02-\x05]/,
  },
  {
    rule: 'FORMAT_FOREIGN',
    looksLike: 'ONNX',
    // eslint-disable-next-line no-control-regex -- ir_version, then the producer's name: the head of an ONNX ModelProto
    test: /^\x08[\x01-\x20]\x12[\x01-\x7f][\x20-\x7e]/,
  },
];

/**
 * Tells GGUF from safetensors by content, never by name, reading at most 512 bytes. Anything else is refused with
 * what it looks like.
 */
export async function detectFormat(source: ByteSource): Promise<WeightFormat> {
  const head = latin1(await probe(source));
  if (head.startsWith('GGUF')) return 'gguf';
  if (head.startsWith('FUGG')) refuse('GGUF_BIG_ENDIAN', 'The file looks like a byte-swapped GGUF file');
  refuseForeign(head);
  if (head[8] === '{') return 'safetensors';
  refuseWeak(head);
  return refuse('FORMAT_UNKNOWN', `The file begins with ${hex(head)} and is in no format we know`);
}

/**
 * For the files beside the weights (configuration, tokenizer, licence): refuses whatever is weights in disguise,
 * and accepts the rest unread.
 */
export async function assertCompanion(source: ByteSource): Promise<void> {
  if (source.size === 0) return;
  const head = latin1(await probe(source));
  refuseForeign(head, SIGNATURES_OF_WEIGHTS);
  refuseWeak(head);
}

async function probe(source: ByteSource): Promise<Uint8Array> {
  if (source.size === 0) refuse('FORMAT_EMPTY', 'The file is empty');
  return source.read(0, Math.min(PROBE_BYTES, source.size));
}

function refuseForeign(head: string, signatures = SIGNATURES): void {
  const found = signatures.find(({ at = 0, bytes }) => head.startsWith(bytes, at));
  if (found) refuse(found.rule, `The file looks like ${found.looksLike}`, { looksLike: found.looksLike });
}

function refuseWeak(head: string): void {
  const found = WEAK_SIGNATURES.find(({ test }) => test.test(head));
  if (found) refuse(found.rule, `The file looks like ${found.looksLike}`, { looksLike: found.looksLike });
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function hex(head: string): string {
  return [...head.slice(0, 8)].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
}
