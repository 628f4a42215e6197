import { DomainError } from '@ostro/kernel';
import { expectPeer, mutualTls, type TlsIdentity } from '@ostro/pki';
import { Agent, request } from 'undici';
import type { Chunk } from './manifest-files.ts';

const SILENCE_MS = 30_000;

/** Reads blobs of the registry: HTTPS with the node's certificate, and nobody but the registry at the other end. */
export class BlobClient {
  readonly #agent: Agent;
  readonly #baseUrl: string;

  constructor(baseUrl: string, identity: TlsIdentity) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#agent = new Agent({
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      connect: {
        ...mutualTls(identity),
        checkServerIdentity: expectPeer({ kind: 'service', name: 'registry' }),
      },
    });
  }

  /**
   * The bytes of a chunk, as they arrive. @throws DomainError UNAVAILABLE (REGISTRY_UNREACHABLE), NOT_FOUND
   * (BLOB_MISSING), DATA_LOSS (BLOB_LENGTH) when more or less arrives.
   */
  async *read(sha256: Uint8Array, chunk: Chunk, signal: AbortSignal): AsyncGenerator<Buffer> {
    const url = `${this.#baseUrl}/blobs/sha256:${Buffer.from(sha256).toString('hex')}`;
    const range = `bytes=${chunk.start}-${chunk.start + chunk.length - 1}`;
    let received = 0;
    try {
      const { statusCode, body } = await request(url, { dispatcher: this.#agent, signal, headers: { range } });
      if (!isPartOf(statusCode, chunk)) {
        await body.dump();
        throw refused(url, statusCode);
      }
      for await (const bytes of body as AsyncIterable<Buffer>) {
        received += bytes.length;
        if (received > chunk.length) throw wrongLength(url, chunk, received);
        yield bytes;
      }
    } catch (cause) {
      if (cause instanceof DomainError || signal.aborted) throw cause;
      const message = `${url} cannot be read: is the registry running and its blob address right?`;
      throw new DomainError('UNAVAILABLE', 'REGISTRY_UNREACHABLE', message, { cause });
    }
    if (received !== chunk.length) throw wrongLength(url, chunk, received);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** A server without ranges may answer 200, which is right only for the beginning of a blob. */
function isPartOf(statusCode: number, chunk: Chunk): boolean {
  return statusCode === 206 || (statusCode === 200 && chunk.start === 0);
}

function refused(url: string, statusCode: number): DomainError {
  if (statusCode === 404) {
    return new DomainError('NOT_FOUND', 'BLOB_MISSING', `${url} is not in the registry; import the model again`);
  }
  return new DomainError('UNAVAILABLE', 'REGISTRY_REFUSED', `${url} answered ${statusCode}; see the registry's log`);
}

function wrongLength(url: string, chunk: Chunk, received: number): DomainError {
  return new DomainError(
    'DATA_LOSS',
    'BLOB_LENGTH',
    `${url} gave ${received} bytes at ${chunk.start} where ${chunk.length} were asked for; the blob may be damaged`,
  );
}
