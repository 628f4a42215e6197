import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { mutualTls, peerOf, type TlsIdentity } from '@ostro/pki';

/** One upload as the blob server saw it. */
export interface ReceivedUpload {
  readonly path: string;
  readonly peer: string;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: number;
}

/** The registry's blob server as far as uploads go: it takes bytes in order and refuses a gap. */
export class ScriptedBlobs {
  readonly uploads: ReceivedUpload[] = [];
  /** Bytes it holds of every file. */
  held = 0;
  /** Bytes of the upload that arrives now. */
  arriving = 0;
  /** Uploads that broke off. */
  cut = 0;
  readonly #server: Server;

  private constructor(identity: TlsIdentity) {
    this.#server = createServer(mutualTls(identity), (request, response) => {
      const offset = Number(request.headers['upload-offset']);
      if (offset !== this.held) {
        response.writeHead(409, { 'content-type': 'application/problem+json', 'upload-offset': this.held });
        response.end(JSON.stringify({ title: 'UPLOAD_OFFSET_MISMATCH', detail: `go on from ${this.held}` }));
        return;
      }
      let bytes = 0;
      request.on('data', (chunk: Buffer) => (this.arriving = bytes += chunk.length));
      request.on('error', () => (this.cut += 1));
      request.on('end', () => {
        this.held += bytes;
        const { name } = peerOf((request.socket as TLSSocket).getPeerCertificate());
        this.uploads.push({ path: request.url ?? '', peer: name, headers: request.headers, bytes });
        response.writeHead(204, { 'upload-offset': this.held }).end();
      });
    });
  }

  static async listen(identity: TlsIdentity): Promise<ScriptedBlobs> {
    const blobs = new ScriptedBlobs(identity);
    await new Promise<void>((resolve) => blobs.#server.listen(0, '127.0.0.1', resolve));
    return blobs;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
