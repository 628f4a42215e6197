import { quoted, refuse } from '../rules.ts';
import type { GgufMetadata, GgufValue } from './gguf-metadata.ts';
import type { ValueTypeName } from './gguf-types.ts';

/** What a key a runtime reads may say. llama.cpp compares types exactly, so an equal number of another type is refused. */
export class GgufKeys {
  readonly #metadata: GgufMetadata;
  readonly architecture: string;

  constructor(metadata: GgufMetadata) {
    this.#metadata = metadata;
    this.architecture = this.text('general.architecture') ?? this.#missing('general.architecture');
    if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/i.test(this.architecture)) {
      this.refuseValue('general.architecture', quoted(this.architecture));
    }
  }

  /** The full name of a key of the architecture. */
  own(suffix: string): string {
    return `${this.architecture}.${suffix}`;
  }

  text(key: string): string | null {
    const found = this.#typed(key, 'STRING');
    return found?.type === 'STRING' ? found.value : null;
  }

  count(key: string): number | null {
    const found = this.#typed(key, 'UINT32');
    return found?.type === 'UINT32' ? Number(found.value) : null;
  }

  requiredCount(key: string, max: number): number {
    const value = this.count(key) ?? this.#missing(key);
    if (value < 1 || value > max) this.refuseValue(key, String(value));
    return value;
  }

  flag(key: string): boolean | null {
    const found = this.#typed(key, 'BOOL');
    return found?.type === 'BOOL' ? Boolean(found.value) : null;
  }

  /** A number for all layers or one for each. */
  countPerLayer(key: string, layers: number): number | readonly number[] | null {
    const found = this.#metadata.get(key);
    if (found?.type !== 'ARRAY') return this.count(key);
    if (found.of !== 'UINT32' && found.of !== 'INT32') this.#refuseType(key, 'UINT32 or INT32');
    const values = (found.values ?? []).map(Number);
    if (values.length !== layers || values.some((value) => value < 0)) {
      this.refuseValue(key, `an array of ${found.count} numbers for ${layers} layers`);
    }
    return values;
  }

  flagsPerLayer(key: string, layers: number): readonly boolean[] | null {
    const found = this.#metadata.get(key);
    if (found?.type !== 'ARRAY') return null;
    if (found.of !== 'BOOL') this.#refuseType(key, 'BOOL');
    if (found.count !== layers) this.refuseValue(key, `an array of ${found.count} flags for ${layers} layers`);
    return (found.values ?? []).map(Boolean);
  }

  /** How many elements an array of one of these types has; null where the key is absent. */
  arrayLength(key: string, ...types: readonly ValueTypeName[]): number | null {
    const found = this.#metadata.get(key);
    if (found === undefined) return null;
    if (found.type !== 'ARRAY' || !types.includes(found.of)) this.#refuseType(key, `an array of ${types.join(' or ')}`);
    return found.count;
  }

  /** One of two spellings of the same number, depending on the architecture. */
  requireOneOf(first: string, second: string): void {
    const found = this.#typed(this.own(first), 'FLOAT32') ?? this.#typed(this.own(second), 'FLOAT32');
    if (found === undefined) this.#missing(this.own(first));
  }

  refuseValue(key: string, value: string): never {
    refuse('GGUF_KEY_VALUE', `Key ${quoted(key)} is ${value}`, { key });
  }

  #typed(key: string, type: ValueTypeName): GgufValue | undefined {
    const found = this.#metadata.get(key);
    if (found !== undefined && found.type !== type) this.#refuseType(key, type);
    return found;
  }

  #refuseType(key: string, expected: string): never {
    const found = this.#metadata.get(key);
    refuse('GGUF_KEY_TYPE', `Key ${quoted(key)} is ${found?.type ?? 'absent'}, not ${expected}`, { key });
  }

  #missing(key: string): never {
    refuse('GGUF_KEY_MISSING', `Key ${quoted(key)} is missing`, { key });
  }
}
