import { refuse } from '../rules.ts';

/** A JSON object out of a companion file, read field by field: a field of another type is refused by its name. */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      refuse('CONFIG_JSON', `${path} is not a JSON object`, { path });
    }
    this.#path = path;
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  static parse(path: string, text: string): JsonObject {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      return refuse('CONFIG_JSON', `${path} is not JSON (${String(cause)})`, { path });
    }
    return new JsonObject(path, value);
  }

  /** The value as it is, for a field that may have several types. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? null) : null;
  }

  object(name: string): JsonObject | null {
    const value = this.raw(name);
    return value === null ? null : new JsonObject(`${this.#path}: ${name}`, value);
  }

  text(name: string): string | null {
    const value = this.raw(name);
    if (value !== null && typeof value !== 'string') this.#refuse(name, 'text');
    return value;
  }

  flag(name: string): boolean | null {
    const value = this.raw(name);
    if (value !== null && typeof value !== 'boolean') this.#refuse(name, 'true or false');
    return value;
  }

  count(name: string): number | null {
    const value = this.raw(name);
    if (value === null) return null;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) this.#refuse(name, 'a whole number');
    return value;
  }

  requiredCount(name: string, max: number): number {
    const value = this.count(name);
    if (value === null || value < 1 || value > max) this.#refuse(name, `a whole number from 1 to ${max}`);
    return value;
  }

  #refuse(name: string, expected: string): never {
    const found = JSON.stringify(this.raw(name)).slice(0, 80);
    refuse('CONFIG_FIELD', `${this.#path}: ${name} is ${found}, not ${expected}`, { path: this.#path, field: name });
  }
}
