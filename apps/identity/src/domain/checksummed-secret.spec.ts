import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { API_KEY_FORMAT, JOIN_TOKEN_FORMAT } from './checksummed-secret.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const bytes = (seed: Uint8Array) => {
  let position = 0;
  return (size: number) => Uint8Array.from({ length: size }, () => seed[position++ % seed.length]! ^ (position & 0xff));
};
const anApiKey = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((seed) => API_KEY_FORMAT.generate(bytes(seed)));

describe('an API key', () => {
  it('has its form, is well-formed, and no two are alike', () => {
    const keys = Array.from({ length: 10_000 }, () => API_KEY_FORMAT.generate(randomBytes));
    for (const key of keys) {
      expect(key).toMatch(/^ostro_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}$/);
      expect(API_KEY_FORMAT.isWellFormed(key)).toBe(true);
    }
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('ends in the CRC-32 of what comes before it', () => {
    fc.assert(
      fc.property(anApiKey, (key) => {
        const [body, digits] = [key.slice(0, 36), key.slice(37)];
        const value = [...digits].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0);
        expect(value).toBe(crc32(body));
      }),
    );
  });

  it('is noticed when one character is another', () => {
    fc.assert(
      fc.property(anApiKey, fc.nat(42), fc.constantFrom(...BASE62, '_', '-', ' '), (key, position, character) => {
        fc.pre(key[position] !== character);
        const changed = key.slice(0, position) + character + key.slice(position + 1);
        expect(API_KEY_FORMAT.isWellFormed(changed)).toBe(false);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is noticed when it was cut, stretched or wrapped', () => {
    fc.assert(
      fc.property(anApiKey, fc.nat(42), (key, length) => {
        for (const wrong of [key.slice(0, length), `${key}0`, ` ${key}`, `${key}\n`]) {
          expect(API_KEY_FORMAT.isWellFormed(wrong)).toBe(false);
        }
      }),
    );
  });

  it('is not found in random text of its shape', () => {
    const body = fc
      .array(fc.constantFrom(...BASE62), { minLength: 36, maxLength: 36 })
      .map((letters) => letters.join(''));
    fc.assert(
      fc.property(body, (text) => !API_KEY_FORMAT.isWellFormed(`ostro_${text.slice(0, 30)}_${text.slice(30)}`)),
      { numRuns: 10_000, seed: 1 },
    );
  });

  it('is no join token, and a join token is no key', () => {
    expect(JOIN_TOKEN_FORMAT.isWellFormed(API_KEY_FORMAT.generate(randomBytes))).toBe(false);
    expect(API_KEY_FORMAT.isWellFormed(JOIN_TOKEN_FORMAT.generate(randomBytes))).toBe(false);
    expect(JOIN_TOKEN_FORMAT.isWellFormed(JOIN_TOKEN_FORMAT.generate(randomBytes))).toBe(true);
  });

  it('has every letter equally often: bytes that would favour some are thrown away', () => {
    let next = 0;
    const everyByteInTurn = (size: number) => Uint8Array.from({ length: size }, () => next++ & 0xff);
    const counts = new Map<string, number>();
    for (let made = 0; made < 248; made++) {
      for (const letter of API_KEY_FORMAT.generate(everyByteInTurn).slice(6, 36)) {
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
      }
    }
    expect(counts).toEqual(new Map([...BASE62].map((letter) => [letter, 120])));
  });
});
