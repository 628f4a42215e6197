import { isDomainError } from '@ostro/kernel';
import {
  type ByteSource,
  bytesSource,
  MAX_READ_BYTES,
  type ModelFile,
  readFacts,
  RULES,
  tinyGguf,
  writeGguf,
} from '../src/index.ts';
import { aSafetensors, sparseSource } from './builders.ts';

export interface FuzzReport {
  readonly iterations: number;
  readonly accepted: number;
  /** How often each rule refused. */
  readonly refused: Readonly<Record<string, number>>;
}

const CONFIG = JSON.stringify({
  model_type: 'llama',
  num_hidden_layers: 1,
  hidden_size: 4,
  num_attention_heads: 1,
  max_position_embeddings: 16,
  vocab_size: 8,
});

/**
 * Damages a valid GGUF file again and again. Throws, with the seed and the iteration, at anything but facts or a
 * refusal by rule, and at a read larger than promised.
 */
export function fuzzGguf(seed: number, iterations: number): Promise<FuzzReport> {
  const { bytes, landmarks } = writeGguf(tinyGguf({ seed }));
  const header = bytes.slice(0, landmarks.get('data'));
  // The data would only be copied, never read: three files of four have it as zeros, the others end before it.
  const dataBytes = bytes.length - header.length;
  return fuzz(seed, iterations, header, (damagedHeader, random) => {
    const size = damagedHeader.length + (random(4) === 0 ? 0 : dataBytes);
    return [{ path: 'model.gguf', source: watched(sparseSource(damagedHeader, size)) }];
  });
}

/** The same for safetensors with its config.json. */
export function fuzzSafetensors(seed: number, iterations: number): Promise<FuzzReport> {
  const config = { path: 'config.json', source: bytesSource(new TextEncoder().encode(CONFIG)) };
  return fuzz(seed, iterations, aSafetensors(), (bytes) => [
    { path: 'model.safetensors', source: watched(bytesSource(bytes)) },
    config,
  ]);
}

async function fuzz(
  seed: number,
  iterations: number,
  valid: Uint8Array,
  files: (bytes: Uint8Array, random: (below: number) => number) => readonly ModelFile[],
): Promise<FuzzReport> {
  const random = integers(seed);
  const refused: Record<string, number> = {};
  let accepted = 0;
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    try {
      await readFacts(files(damaged(valid, random), random));
      accepted += 1;
    } catch (error) {
      const isRefusal = isDomainError(error) && error.code === 'INVALID_ARGUMENT' && Object.hasOwn(RULES, error.reason);
      if (!isRefusal) throw new Error(`seed ${seed}, iteration ${iteration}: not a refusal by rule`, { cause: error });
      refused[error.reason] = (refused[error.reason] ?? 0) + 1;
    }
  }
  return { iterations, accepted, refused };
}

/** One to four damages: a changed byte or word, bytes put in or taken out, an early end. Mostly in the header. */
export function damaged(valid: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes: Uint8Array = valid.slice();
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(random(8) === 0 ? bytes.length : Math.min(bytes.length, 16_384));
    bytes = DAMAGES[random(DAMAGES.length)]?.(bytes, at, random) ?? bytes;
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

type Damage = (bytes: Uint8Array, at: number, random: (below: number) => number) => Uint8Array;

const DAMAGES: readonly Damage[] = [
  (bytes, at, random) => bytes.fill(random(256), at, at + 1),
  (bytes, at, random) => bytes.fill((bytes[at] ?? 0) ^ (1 << random(8)), at, at + 1),
  (bytes, at, random) => bytes.fill([0, 0xff, 0x7f][random(3)] ?? 0, at, at + 8),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at, random) => joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random(64))),
  (bytes, at, random) => {
    const more = Uint8Array.from({ length: 1 + random(64) }, () => random(256));
    return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  },
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function watched(source: ByteSource): ByteSource {
  return {
    size: source.size,
    read: (offset, length) => {
      if (length > MAX_READ_BYTES || offset + length > source.size)
        throw new RangeError(`read of ${length} at ${offset}`);
      return source.read(offset, length);
    },
  };
}

/** xorshift32: the same damage again for the same seed. */
export function integers(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % below;
  };
}
