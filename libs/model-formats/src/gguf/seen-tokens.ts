/**
 * Remembers which texts it has seen by 53 bits of hash, in 16 bytes a text or less: a vocabulary of a million tokens
 * costs 32 MiB at most. In a vocabulary of 262,144 tokens, two different ones pass for one with a chance of 4 in a
 * million.
 */
export class SeenTokens {
  readonly #slots: Float64Array;

  constructor(count: number) {
    this.#slots = new Float64Array(2 ** Math.ceil(Math.log2(Math.max(2, count * 2))));
  }

  /** False when it was there before. */
  add(text: Uint8Array): boolean {
    const value = hash(text);
    const mask = this.#slots.length - 1;
    for (let slot = value & mask; ; slot = (slot + 1) & mask) {
      if (this.#slots[slot] === value) return false;
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = value;
      return true;
    }
  }
}

/** Two multiplicative hashes side by side, never 0. */
function hash(text: Uint8Array): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (const byte of text) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low ^= low >>> 15;
  return (high & 0x1fffff) * 4_294_967_296 + (low >>> 0) + 1;
}
