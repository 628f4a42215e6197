import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { DomainError } from '@ostro/kernel';
import { type Refusal, REFUSAL_STATUS } from './domain/admission.ts';
import type { EngineUsage } from './domain/engine-usage.ts';

const MESSAGES: Readonly<Record<Refusal, string>> = {
  busy: 'all slots of this replica are taken; try another replica',
  draining: 'this replica takes no new requests; try another replica',
  not_ready: 'this replica does not serve at the moment; try another replica',
  unknown_replica: 'this node does not run that replica; the route is out of date',
  stale_admission: 'the admission is more than 30 s old; admit the request again',
  bad_admission: 'a header of the admission is missing or malformed; see docs/data-plane.md',
  wrong_group: 'the caller is not a gateway of a group this replica serves',
};

/** The answer to one attempt: never ahead of its reader, and counted as it goes. */
export class GatewayAnswer {
  readonly #response: ServerResponse;
  readonly #gone = new AbortController();
  #bodyBytes = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => {
      if (!response.writableFinished) this.#gone.abort(gatewayGone());
    });
  }

  /** Aborts when the gateway leaves before the end. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  begin(contentType: string, inputTokens: number | undefined): void {
    this.#response.writeHead(200, {
      'content-type': contentType,
      'cache-control': 'no-store',
      trailer: 'x-ostro-usage',
      ...(inputTokens !== undefined && { 'x-ostro-input-tokens': String(inputTokens) }),
    });
    this.#response.flushHeaders();
  }

  /** Resolves when there is room for more. @throws DomainError CANCELLED (GATEWAY_GONE) */
  async write(bytes: Buffer): Promise<void> {
    this.gone.throwIfAborted();
    this.#bodyBytes += bytes.length;
    if (this.#response.write(bytes)) return;
    try {
      await once(this.#response, 'drain', { signal: this.gone });
    } catch (error) {
      this.gone.throwIfAborted();
      throw error;
    }
  }

  /** Resolves when all of it was passed on. A usage says that the answer is whole. */
  async end(usage?: EngineUsage & { readonly finishReason: string }): Promise<void> {
    this.gone.throwIfAborted();
    if (usage) this.#response.addTrailers({ 'x-ostro-usage': JSON.stringify(usage) });
    const finished = once(this.#response, 'finish', { signal: this.gone });
    this.#response.end();
    await finished;
  }

  /** An answer of the model server that is none of ours, as it is. */
  pass(status: number, contentType: string, body: Buffer): void {
    this.#response.writeHead(status, { 'content-type': contentType, 'content-length': body.length });
    this.#response.end(body);
  }

  refuse(reason: Refusal): void {
    refuse(this.#response, reason);
  }

  /** The gateway must not take what it has for an answer. */
  breakOff(): void {
    this.#response.destroy();
  }
}

export function refuse(response: ServerResponse, reason: Refusal): void {
  const error = { message: MESSAGES[reason], type: 'server_error', param: null, code: reason };
  const body = JSON.stringify({ error });
  response.writeHead(REFUSAL_STATUS[reason], {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-ostro-refusal': reason,
  });
  response.end(body);
}

function gatewayGone(): DomainError {
  return new DomainError('CANCELLED', 'GATEWAY_GONE', 'the gateway closed the connection');
}
