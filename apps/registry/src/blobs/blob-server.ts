import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { DomainError } from '@ostro/kernel';
import { mutualTls, type Peer, peerOf, type TlsIdentity } from '@ostro/pki';
import type { Logger } from '@ostro/telemetry';
import { answerProblem } from './http-answer.ts';

/** One kind of address and what answers there. */
export interface BlobRoute {
  readonly path: RegExp;
  /** Who may ask: `node` for nodes, else a service's name. */
  readonly peers: readonly string[];
  readonly methods: readonly string[];
  handle(match: RegExpExecArray, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface BlobServerOptions {
  readonly bind: { readonly host: string; readonly port: number };
  readonly identity: TlsIdentity;
  readonly routes: readonly BlobRoute[];
  readonly logger: Logger;
}

/** A client that sends nothing for so long is gone; it resumes. */
const IDLE_MS = 60_000;
const DRAIN_MS = 2_000;

/** HTTPS among peers of the cell: bytes are too many for gRPC messages, and Range is a standard. */
export class BlobServer {
  readonly #server: Server;
  readonly #options: BlobServerOptions;

  private constructor(options: BlobServerOptions) {
    this.#options = options;
    // A large upload may take hours; the idle limit and the client's own patience bound it instead.
    const limits = { requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 65_000 };
    this.#server = createServer({ ...mutualTls(options.identity), ...limits }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.setTimeout(IDLE_MS, (socket) => socket.destroy());
  }

  /** @throws DomainError UNAVAILABLE (ADDRESS_IN_USE or CANNOT_LISTEN) naming the address. */
  static async listen(options: BlobServerOptions): Promise<BlobServer> {
    const server = new BlobServer(options);
    const { host, port } = options.bind;
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(`${host}:${port}`, cause)));
      server.#server.listen(port, host, resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts what is under way: readers and uploaders resume where they stopped. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { route, match } = this.#routeOf(request);
      await route.handle(match, request, response);
    } catch (error) {
      if (isGone(error, request)) return void response.destroy();
      if (!(error instanceof DomainError))
        this.#options.logger.error({ err: error, url: request.url }, 'request failed');
      answerProblem(response, error);
      if (!request.complete) drain(request);
    }
  }

  #routeOf(request: IncomingMessage): { route: BlobRoute; match: RegExpExecArray } {
    const peer = nameOf(peerOf((request.socket as TLSSocket).getPeerCertificate()));
    for (const route of this.#options.routes) {
      const match = route.path.exec(request.url ?? '');
      if (!match || !route.methods.includes(request.method ?? '')) continue;
      if (route.peers.includes(peer)) return { route, match };
      throw new DomainError('PERMISSION_DENIED', 'PEER_NOT_ALLOWED', `${peer} may not ask for this`);
    }
    throw new DomainError(
      'NOT_FOUND',
      'NOT_FOUND',
      'there is GET /blobs/sha256:<hex> and PATCH /imports/<id>/files/<path>',
    );
  }
}

/** As access rules name peers: a service by its name, everybody else by its kind. */
function nameOf({ kind, name }: Peer): string {
  return kind === 'service' ? name : kind;
}

/**
 * Takes what is still on its way for a moment and throws it away: a connection that is cut while the client still
 * writes would take the answer with it.
 */
function drain(request: IncomingMessage): void {
  const cut = setTimeout(() => request.destroy(), DRAIN_MS);
  request.once('close', () => clearTimeout(cut));
  request.resume();
}

/** The other side hung up: there is nobody to answer and nothing wrong with us. */
function isGone(error: unknown, request: IncomingMessage): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return request.destroyed && (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET');
}

function cannotListen(address: string, cause: NodeJS.ErrnoException): DomainError {
  const isTaken = cause.code === 'EADDRINUSE';
  const message = isTaken
    ? `${address} for blobs is taken; stop what holds it or choose another port`
    : `cannot listen on ${address} for blobs: ${cause.message}`;
  const reason = isTaken ? 'ADDRESS_IN_USE' : 'CANNOT_LISTEN';
  return new DomainError('UNAVAILABLE', reason, message, { details: { address }, cause });
}
