import type { ByteCursor } from '../byte-cursor.ts';
import { type Rule, refuse } from '../rules.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_DIGITS = 16;

/**
 * Reads JSON from a cursor piece by piece. The header of a safetensors file may be 100 MB, so it is never parsed as
 * a whole, and since the caller says at each step what may come, no nesting in the file leads to recursion here.
 */
export class JsonScanner {
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  get position(): number {
    return this.#cursor.position;
  }

  /** The next character that is not white space, not yet taken; undefined at the end. */
  async peek(): Promise<string | undefined> {
    const cursor = this.#cursor;
    while (cursor.remaining > 0) {
      if (!cursor.has(1)) await cursor.need(1, 'the header');
      const byte = cursor.peek(1)[0] ?? 0;
      if (!isSpace(byte)) return String.fromCharCode(byte);
      cursor.skip(1);
    }
    return undefined;
  }

  async take(expected: string, rule: Rule = 'SAFETENSORS_JSON'): Promise<void> {
    if ((await this.peek()) !== expected) this.refuse(rule, `${JSON.stringify(expected)} is expected`);
    this.#cursor.skip(1);
  }

  /** After an element: true when another follows, false when `close` was taken. */
  async more(close: '}' | ']', rule: Rule = 'SAFETENSORS_JSON'): Promise<boolean> {
    const next = await this.peek();
    if (next !== ',' && next !== close) this.refuse(rule, `"," or ${JSON.stringify(close)} is expected`);
    this.#cursor.skip(1);
    return next === ',';
  }

  /** After an opening bracket: true when it is empty, and then it is closed. */
  async isEmpty(close: '}' | ']'): Promise<boolean> {
    if ((await this.peek()) !== close) return false;
    this.#cursor.skip(1);
    return true;
  }

  async string(maxBytes: number, tooLong: Rule, otherType: Rule = 'SAFETENSORS_JSON'): Promise<string> {
    await this.take('"', otherType);
    const at = this.position;
    const length = await this.#lengthToQuote(maxBytes, tooLong);
    const bytes = this.#cursor.bytes(length);
    this.#cursor.skip(1);
    return decode(bytes, at);
  }

  /** A whole number from 0 to 2^53 in plain digits, as offsets and shapes are. */
  async wholeNumber(rule: Rule): Promise<number> {
    await this.peek();
    const cursor = this.#cursor;
    const at = cursor.position;
    const lookahead = Math.min(MAX_DIGITS + 1, cursor.remaining);
    await cursor.need(lookahead, 'a number');
    const digits = /^(0|[1-9]\d*)(?![\d.eE])/.exec(String.fromCharCode(...cursor.peek(lookahead)))?.[0];
    const value = Number(digits ?? Number.NaN);
    if (!Number.isSafeInteger(value) || digits === undefined) {
      refuse(rule, `A whole number from 0 to 2^53 is expected at byte ${at}`, { offset: String(at) });
    }
    cursor.skip(digits.length);
    return value;
  }

  refuse(rule: Rule, found: string): never {
    refuse(rule, `${found} at byte ${this.position} of the header`, { offset: String(this.position) });
  }

  async #lengthToQuote(maxBytes: number, tooLong: Rule): Promise<number> {
    const cursor = this.#cursor;
    let scanned = 0;
    for (let lookahead = 256; ; lookahead *= 4) {
      const available = Math.min(lookahead, cursor.remaining, maxBytes + 1);
      await cursor.need(available, 'a string');
      const bytes = cursor.peek(available);
      while (scanned < available && bytes[scanned] !== QUOTE) scanned += bytes[scanned] === BACKSLASH ? 2 : 1;
      if (scanned < available) return scanned;
      if (available === cursor.remaining) this.refuse('SAFETENSORS_JSON', 'A string does not end');
      if (available > maxBytes) this.refuse(tooLong, `A string has more than ${maxBytes} bytes`);
    }
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function decode(bytes: Uint8Array, at: number): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    return refuse('SAFETENSORS_UTF8', `The string at byte ${at} of the header is not UTF-8 (${String(cause)})`);
  }
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch (cause) {
    return refuse('SAFETENSORS_JSON', `The string at byte ${at} of the header is not JSON (${String(cause)})`);
  }
}
