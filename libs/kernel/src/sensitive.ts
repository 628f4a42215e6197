import { inspect } from 'node:util';

/** Holds a prompt, an answer or a secret. However it is printed, serialised or logged, it shows `[redacted]`. */
export class Sensitive<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The one way out; search for `.reveal(` to audit every use. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
