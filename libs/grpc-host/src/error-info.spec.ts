import fc from 'fast-check';
import { decodeErrorInfo, encodeErrorInfo } from './error-info.ts';

describe('error details', () => {
  const text = fc.string({ unit: 'grapheme' });

  it('come back as they went, for any text', () => {
    fc.assert(
      fc.property(
        fc.nat(16),
        text,
        text,
        fc.dictionary(text, text, { noNullPrototype: true }),
        (code, message, reason, details) => {
          expect(decodeErrorInfo(encodeErrorInfo({ code, message, reason, details }))).toEqual({
            code,
            message,
            reason,
            details,
          });
        },
      ),
    );
  });

  it('are absent, and never an exception, in bytes of somebody else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => decodeErrorInfo(bytes) === undefined));
    const whole = encodeErrorInfo({ code: 5, message: 'm', reason: 'R', details: { a: 'b' } });
    for (let length = 0; length < whole.length; length++) decodeErrorInfo(whole.subarray(0, length));
  });
});
