import type { Dispatcher } from 'undici';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
}

/** Takes the body of an answer as it comes. */
export interface AnswerSink {
  /** @returns false when it wants no more until `resume`. */
  data(chunk: Buffer): boolean;
  end(trailers: Headers): void;
  failed(error: Error): void;
}

/**
 * One answer of a node agent, on its connection. Between the head and `relayTo`, and whenever the sink is full,
 * nothing is read from the connection, so nothing is buffered beyond it.
 */
export class AgentAnswer implements Dispatcher.DispatchHandler {
  readonly #head = Promise.withResolvers<AnswerHead>();
  #controller: Dispatcher.DispatchController | undefined;
  #sink: AnswerSink | undefined;
  #aborted: Error | undefined;

  /** Rejects when the connection fails before there is a head. */
  get head(): Promise<AnswerHead> {
    return this.#head.promise;
  }

  relayTo(sink: AnswerSink): void {
    this.#sink = sink;
    this.#controller?.resume();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Reads a short body to its end, so that the connection can be used again. */
  discard(): void {
    this.relayTo({ data: () => true, end: () => undefined, failed: () => undefined });
  }

  /** Closes the connection at once: the agent takes that as "stop generating". */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    controller.pause();
    this.#head.resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#sink!.data(chunk)) controller.pause();
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: Headers): void {
    this.#sink!.end(trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#head.reject(error);
    this.#sink?.failed(error);
  }
}
