import { createHash, timingSafeEqual } from 'node:crypto';

/** What is stored of a secret. One round is enough: 178 random bits leave nothing to guess. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Takes as long for a near miss as for a far one. */
export function isSameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
