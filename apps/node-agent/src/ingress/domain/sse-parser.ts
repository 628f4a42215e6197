import { DomainError } from '@ostro/kernel';

export interface SseEvent {
  /** As it came, with the blank line that ends it. */
  readonly raw: string;
  /** Lines of `data`, joined; undefined for comments and keep-alives. */
  readonly data: string | undefined;
}

/** A carriage return at the very end may be half of a line's end, so it waits for what follows. */
const EVENT_END = /(?:\r\n|\n|\r(?=[^\n]))(?:\r\n|\n|\r(?=[^\n]))/g;
const LONGEST_EVENT = 1024 * 1024;

/** Server-sent events from bytes that may be cut anywhere, inside a character too. */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rest = '';

  /** @throws DomainError OUT_OF_RANGE (EVENT_TOO_LONG): what has no end is not kept in memory. */
  push(bytes: Uint8Array): SseEvent[] {
    // The end of an event may have begun in what was there before.
    const from = Math.max(0, this.#rest.length - 3);
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const events: SseEvent[] = [];
    let start = 0;
    EVENT_END.lastIndex = from;
    for (let match = EVENT_END.exec(this.#rest); match; match = EVENT_END.exec(this.#rest)) {
      events.push(toEvent(this.#rest.slice(start, EVENT_END.lastIndex)));
      start = EVENT_END.lastIndex;
    }
    this.#rest = this.#rest.slice(start);
    if (this.#rest.length > LONGEST_EVENT) {
      throw new DomainError('OUT_OF_RANGE', 'EVENT_TOO_LONG', 'the engine sent an event of more than 1 MiB');
    }
    return events;
  }

  /** What the stream ended with, without a blank line after it. */
  end(): SseEvent | undefined {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? undefined : toEvent(rest);
  }
}

function toEvent(raw: string): SseEvent {
  const data = raw
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5));
  return { raw, data: data.length > 0 ? data.join('\n') : undefined };
}
