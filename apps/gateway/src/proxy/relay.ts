import type { ServerResponse } from 'node:http';
import type { AgentAnswer, Headers } from './agent-answer.ts';

/** How the body of an answer went. The response is still open after `complete` and `failed`. */
export interface Relayed {
  readonly end: 'complete' | 'client_gone' | 'failed';
  readonly trailers: Headers;
  readonly error?: Error;
}

/**
 * Passes an answer's body on as it comes, chunk by chunk, reading no faster than the client does. Resolves when all
 * of it is with the client's socket, the client has left, or the agent has failed.
 */
export class Relay {
  readonly #answer: AgentAnswer;
  readonly #response: ServerResponse;
  readonly #onFirstByte: () => void;
  #forwardedBytes = 0;
  #hasStarted = false;

  constructor(answer: AgentAnswer, response: ServerResponse, onFirstByte: () => void) {
    this.#answer = answer;
    this.#response = response;
    this.#onFirstByte = onFirstByte;
  }

  /** Bytes of the agent's body that the operating system has taken for the client. */
  get forwardedBytes(): number {
    return this.#forwardedBytes;
  }

  run(): Promise<Relayed> {
    const { promise, resolve } = Promise.withResolvers<Relayed>();
    const answer = this.#answer;
    const response = this.#response;
    const settle = (relayed: Relayed) => {
      response.off('drain', onDrain).off('close', onClose);
      resolve(relayed);
    };
    const onDrain = () => answer.resume();
    const onClose = () => {
      // First, since an aborted answer is a failed one.
      settle({ end: 'client_gone', trailers: {} });
      answer.abort(new Error('the client has left'));
    };
    if (response.destroyed) {
      onClose();
      return promise;
    }
    response.on('drain', onDrain).on('close', onClose);
    answer.relayTo({
      data: (chunk) => this.#write(chunk),
      end: (trailers) => this.#flushed(() => settle({ end: 'complete', trailers })),
      failed: (error) => settle({ end: 'failed', trailers: {}, error }),
    });
    return promise;
  }

  #write(chunk: Buffer): boolean {
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      this.#onFirstByte();
    }
    return this.#response.write(chunk, (error) => {
      if (error) return;
      this.#forwardedBytes += chunk.length;
    });
  }

  /** Writes are called back in order, so an empty one behind them says that all have left. */
  #flushed(then: () => void): void {
    this.#response.write('', (error) => {
      if (!error) then();
    });
  }
}
