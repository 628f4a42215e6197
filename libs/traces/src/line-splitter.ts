import { unreadableTrace } from './trace-error.ts';

/** Longer than any prompt's block list; without a bound one missing line break would take all memory. */
const MAX_LINE_LENGTH = 4 * 1_024 * 1_024;
const BYTE_ORDER_MARK = '\uFEFF';

export interface Line {
  /** From 1, as editors count. */
  readonly number: number;
  readonly text: string;
}

/** Cuts chunks into lines, whatever the chunks' bounds; holds one unfinished line and nothing else. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #count = 0;

  *push(chunk: string | Uint8Array): Generator<Line> {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) yield this.#line(line);
    if (this.#rest.length > MAX_LINE_LENGTH) this.#line(this.#rest);
  }

  *end(): Generator<Line> {
    const last = this.#rest + this.#decoder.decode();
    this.#rest = '';
    if (last !== '') yield this.#line(last);
  }

  #line(raw: string): Line {
    this.#count += 1;
    if (raw.length > MAX_LINE_LENGTH) {
      throw unreadableTrace(`line ${this.#count} is longer than ${MAX_LINE_LENGTH} characters: is this a trace?`);
    }
    const text = this.#count === 1 && raw.startsWith(BYTE_ORDER_MARK) ? raw.slice(1) : raw;
    return { number: this.#count, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  }
}
