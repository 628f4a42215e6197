import type { ServerResponse } from 'node:http';
import { DomainError } from '@ostro/kernel';

/**
 * Server-sent events that never run ahead of the reader: `send` resolves when the socket took the event, so a reader
 * that stops reading stops its own generation and holds no more than the socket's buffer.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #stallMs: number;

  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>, stallMs: number) {
    this.#response = response;
    this.#stallMs = stallMs;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    });
  }

  /** @throws DomainError CANCELLED (READER_STALLED) when the reader takes nothing for the stall limit. */
  async send(event: unknown): Promise<void> {
    await this.#write(`data: ${JSON.stringify(event)}\n\n`);
  }

  async done(): Promise<void> {
    await this.#write('data: [DONE]\n\n');
    this.#response.end();
  }

  /** An error after the first byte: told in the stream, which then ends without [DONE]. */
  fail(body: unknown): void {
    this.#response.end(`data: ${JSON.stringify(body)}\n\n`);
  }

  async #write(text: string): Promise<void> {
    if (this.#response.destroyed || this.#response.write(text)) return;
    await this.#drained();
  }

  #drained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(limit);
        response.off('drain', settle).off('close', settle);
        resolve();
      };
      const limit = setTimeout(() => {
        response.off('drain', settle).off('close', settle);
        const message = `the client read nothing for ${this.#stallMs} ms; its request is cancelled`;
        reject(new DomainError('CANCELLED', 'READER_STALLED', message));
        response.destroy();
      }, this.#stallMs);
      response.once('drain', settle).once('close', settle);
    });
  }
}
