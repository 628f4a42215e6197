import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { HostPort } from '@ostro/config';
import { DomainError, type IdSource } from '@ostro/kernel';
import type { Logger } from '@ostro/telemetry';
import type { Operation } from '../domain/parameters.ts';
import { notFound, serverError } from '../domain/refusal.ts';
import { breakOff, sendRefusal } from './answers.ts';
import type { InferenceHttp } from './inference.http.ts';
import type { ModelsHttp } from './models.http.ts';

export interface PublicServerOptions {
  readonly inference: InferenceHttp;
  readonly models: ModelsHttp;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** PEM; absent: plain HTTP, for loopback or behind something that ends TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/embeddings': 'embedding',
};

/** Time limits on clients: for the head and for the whole of a request; answers have none. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 75_000, noDelay: true };

/**
 * The port clients call. Plain node:http: an answer's bytes pass through here as they are, and a framework between
 * would cost more than all the rest of a request.
 */
export class PublicServer {
  readonly #options: PublicServerOptions;
  readonly #server: Server;

  constructor(options: PublicServerOptions) {
    this.#options = options;
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = options.tls ? createTlsServer({ ...LIMITS, ...options.tls }, handle) : createServer(LIMITS, handle);
  }

  /** @returns where it listens. @throws DomainError UNAVAILABLE (ADDRESS_IN_USE). */
  async listen({ host, port }: HostPort): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(cannotListen(`${host}:${port}`, cause)));
      this.#server.listen(port, host, resolve);
    });
    const { port: bound } = this.#server.address() as AddressInfo;
    return `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  }

  /** Takes no new connection, and closes those without a request. */
  stopListening(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  closeAll(): void {
    this.#server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = this.#options.ids('req');
    response.setHeader('x-request-id', requestId);
    try {
      await this.#route(requestId, request, response);
    } catch (error) {
      this.#fail(requestId, error, request, response);
    }
  }

  async #route(requestId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { inference, models } = this.#options;
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0]!;
    const operation = OPERATIONS[path];
    if (method === 'POST' && operation !== undefined) {
      await inference.handle(operation, requestId, request, response);
    } else if (method === 'GET' && path === '/v1/models') {
      models.list(request, response);
    } else if (method === 'GET' && path.startsWith('/v1/models/')) {
      models.get(decoded(path.slice('/v1/models/'.length)), request, response);
    } else {
      sendRefusal(request, response, notFound(method, path));
    }
  }

  /** A bug, or a client that left within its own body. Its message may quote a prompt, so only the log gets it. */
  #fail(requestId: string, error: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (request.destroyed && !request.complete) return;
    this.#options.logger.error({ err: error, request_id: requestId }, 'a request failed within the gateway');
    const refusal = serverError(
      'internal_error',
      `The gateway failed on this request. Nothing is billed; tell its operator ${requestId}.`,
    );
    if (response.headersSent) breakOff(response, refusal);
    else sendRefusal(request, response, refusal);
  }
}

/** Names may hold slashes, encoded or not. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not an encoding: then it is a name that nobody has.
    return text;
  }
}

function cannotListen(address: string, cause: Error): DomainError {
  const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return isTaken
    ? new DomainError(
        'UNAVAILABLE',
        'ADDRESS_IN_USE',
        `${address} is taken; set OSTRO_HTTP_BIND to another address, or to port 0`,
        {
          details: { address },
          cause,
        },
      )
    : new DomainError(
        'UNAVAILABLE',
        'CANNOT_LISTEN',
        `cannot listen on ${address} (OSTRO_HTTP_BIND): ${cause.message}`,
        {
          details: { address },
          cause,
        },
      );
}
