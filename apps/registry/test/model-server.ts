import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@ostro/kernel';
import { mintServiceIdentities } from '@ostro/pki';
import { sha256Of } from './running-registry.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A place models come from: HTTPS on localhost with an authority of its own. */
export class ModelServer {
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  readonly #server: Server;
  readonly #handlers = new Map<string, Handler>();
  readonly caFile: string;

  private constructor(server: Server, caFile: string) {
    this.#server = server;
    this.caFile = caFile;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, url, headers });
      const handler = this.#handlers.get(url.split('?')[0]!);
      if (handler) handler(request, response);
      else response.writeHead(404).end();
    });
  }

  static async open(dir: string): Promise<ModelServer> {
    await mintServiceIdentities(dir, [{ name: 'models', ipAddresses: ['127.0.0.1'] }], {
      trustDomain: 'models.test',
      cellId: 'models',
      clock: systemClock,
    });
    const [cert, key] = await Promise.all(
      ['tls.pem', 'tls.key'].map((file) => readFile(join(dir, 'models', file), 'utf8')),
    );
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ModelServer(server, join(dir, 'models', 'ca.pem'));
  }

  url(path: string, host = 'localhost'): string {
    return `https://${host}:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  on(path: string, handler: Handler): void {
    this.#handlers.set(path, handler);
  }

  /**
   * A file with Range and an ETag. While `cuts` has numbers left, each answer breaks off where the next one says, which
   * counts from the beginning of the file.
   */
  file(path: string, content: Uint8Array, { cuts = [], etag = `"${sha256Of(content)}"` }: FileOptions = {}): void {
    const rest = [...cuts];
    this.on(path, (request, response) => {
      const start = startOf(request, etag);
      if (start >= content.length && start > 0) return void response.writeHead(416).end();
      response.writeHead(start > 0 ? 206 : 200, {
        etag,
        'content-length': content.length - start,
        ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
      });
      if (request.method === 'HEAD') return void response.end();
      const cut = rest.shift();
      if (cut === undefined) return void response.end(content.subarray(start));
      response.flushHeaders();
      response.write(content.subarray(start, Math.max(start, cut)), () => response.destroy());
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface FileOptions {
  readonly cuts?: readonly number[];
  readonly etag?: string;
}

/** Where a Range header begins if it asks for this version; else the beginning. */
function startOf({ headers }: IncomingMessage, etag: string): number {
  const match = /^bytes=([0-9]+)-$/.exec(headers.range ?? '');
  return match && (headers['if-range'] ?? etag) === etag ? Number(match[1]) : 0;
}
