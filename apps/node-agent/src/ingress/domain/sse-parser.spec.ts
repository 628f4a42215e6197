import fc from 'fast-check';
import { SseParser } from './sse-parser.ts';

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((line) => line.replaceAll(/[\r\n]/g, ' '));

function parseAll(pieces: readonly Uint8Array[]) {
  const parser = new SseParser();
  const events = pieces.flatMap((piece) => parser.push(piece));
  const last = parser.end();
  return last ? [...events, last] : events;
}

describe('SseParser', () => {
  it('reads the same events wherever the bytes are cut, and loses none of them', () => {
    const stream = fc
      .tuple(fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), lineEnd)
      .map(([events, end]) => ({
        datas: events.map((lines) => lines.join('\n')),
        bytes: Buffer.from(events.map((lines) => lines.map((line) => `data: ${line}${end}`).join('') + end).join('')),
      }));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), ({ datas, bytes }, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const events = parseAll(at.slice(1).map((end, piece) => bytes.subarray(at[piece], end)));
        expect(events.map(({ data }) => data).filter((data) => data !== undefined)).toEqual(datas);
        expect(Buffer.from(events.map(({ raw }) => raw).join(''))).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps comments apart from data', () => {
    expect(parseAll([Buffer.from(': waiting\n\ndata:[DONE]\n\n')])).toEqual([
      { raw: ': waiting\n\n', data: undefined },
      { raw: 'data:[DONE]\n\n', data: '[DONE]' },
    ]);
  });

  it('gives up on an event without an end instead of keeping it', () => {
    const parser = new SseParser();
    const piece = Buffer.alloc(512 * 1024, 'x');
    parser.push(piece);
    expect(() => {
      parser.push(piece);
      parser.push(piece);
    }).toThrow(expect.objectContaining({ reason: 'EVENT_TOO_LONG' }));
  });
});
