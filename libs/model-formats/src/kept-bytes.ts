import { type Rule, refuse } from './rules.ts';

/** What a reader may keep of one header, all keys, names and values together: memory is bounded whatever a file says. */
export class KeptBytes {
  #left: number;
  readonly #limit: number;
  readonly #rule: Rule;

  constructor(limit: number, rule: Rule) {
    this.#left = limit;
    this.#limit = limit;
    this.#rule = rule;
  }

  charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) refuse(this.#rule, `The header holds more than ${this.#limit} bytes that must be kept`);
  }
}
