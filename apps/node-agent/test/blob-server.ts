import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { registryV1 } from '@ostro/contracts';
import { mutualTls, type TlsIdentity } from '@ostro/pki';

const CHUNK_BYTES = 64 * 1024;

/** Blobs by digest with Range, as the registry serves them; each request can be watched and spoiled. */
export class BlobServer {
  readonly requests: string[] = [];
  /** Changes what is sent for the chunk at this offset, as long as it answers. */
  spoil: ((start: number, bytes: Buffer) => Buffer) | undefined;
  readonly #server: Server;
  readonly #blobs = new Map<string, Buffer>();

  private constructor(identity: TlsIdentity) {
    this.#server = createServer(mutualTls(identity), (request, response) => {
      const blob = this.#blobs.get(request.url ?? '');
      const [, start = '', end = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      this.requests.push(`${request.headers.range}`);
      if (!blob) return response.writeHead(404).end();
      const bytes = blob.subarray(Number(start), Number(end) + 1);
      return response.writeHead(206).end(this.spoil?.(Number(start), bytes) ?? bytes);
    });
  }

  static async start(identity: TlsIdentity): Promise<BlobServer> {
    const blobs = new BlobServer(identity);
    blobs.#server.listen(0, '127.0.0.1');
    await once(blobs.#server, 'listening');
    return blobs;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(path: string, bytes: Buffer): registryV1.ManifestFile {
    const sha256 = createHash('sha256').update(bytes).digest();
    this.#blobs.set(`/blobs/sha256:${sha256.toString('hex')}`, bytes);
    const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, at) =>
      createHash('sha256')
        .update(bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))
        .digest(),
    );
    return {
      path,
      sizeBytes: BigInt(bytes.length),
      sha256,
      chunkSizeBytes: BigInt(CHUNK_BYTES),
      chunkSha256: chunks,
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
