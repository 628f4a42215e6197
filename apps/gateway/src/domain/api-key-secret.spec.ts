import fc from 'fast-check';
import { aSecret } from '../../test/test-cell.ts';
import { isWellFormedSecret } from './api-key-secret.ts';

describe('the form of a key', () => {
  it('is met by every key that identity makes', () => {
    for (let made = 0; made < 1_000; made++) expect(isWellFormedSecret(aSecret())).toBe(true);
  });

  it('is not met when one character changed', () => {
    const secret = aSecret();
    fc.assert(
      fc.property(fc.nat(secret.length - 1), fc.constantFrom(...'azAZ09_-! é'), (at, other) => {
        const changed = secret.slice(0, at) + other + secret.slice(at + 1);
        expect(isWellFormedSecret(changed)).toBe(changed === secret);
      }),
    );
  });

  it('is not met by other texts', () => {
    fc.assert(fc.property(fc.string(), (text) => !isWellFormedSecret(text)));
  });
});
