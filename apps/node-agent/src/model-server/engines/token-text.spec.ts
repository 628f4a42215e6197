import { TokenText } from './token-text.ts';

const fromBytes = (tokens: number[]): string => Buffer.from(tokens).toString('utf8');

describe('TokenText', () => {
  it('hands out a character only when its last byte is there', () => {
    const text = new TokenText<number>(fromBytes, []);
    const pieces = [...Buffer.from('a€')].map((byte) => text.push(byte));
    expect(pieces).toEqual(['a', '', '', '€']);
    expect(text.end()).toBe('');
  });

  it('gives up on bytes that never become a character', () => {
    const text = new TokenText<number>(fromBytes, []);
    const pieces = [0xff, 0xff, 0xff, 0xff].map((byte) => text.push(byte));
    expect(pieces.slice(0, 3)).toEqual(['', '', '']);
    expect(pieces[3]).toBe('\ufffd'.repeat(4));
  });

  it('shows an unfinished character at the end instead of losing it', () => {
    const text = new TokenText<number>(fromBytes, []);
    text.push(0xe2);
    expect(text.end()).toBe('\ufffd');
  });
});
