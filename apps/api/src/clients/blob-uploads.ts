import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { DomainError } from '@ostro/kernel';
import { expectPeer, mutualTls, type TlsIdentity } from '@ostro/pki';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../callers/caller.ts';
import type { RequestHeader } from '../http/operation.ts';
import { refusalOf } from './blob-refusal.ts';

export const uploadOffsetHeader: RequestHeader = {
  name: 'upload-offset',
  description: 'How many bytes of the file were sent before; 0 at the beginning.',
  required: true,
};

const IDLE_MS = 60_000;

export interface UploadTarget {
  readonly importId: string;
  readonly path: string;
}

export interface Uploaded {
  readonly path: string;
  readonly receivedBytes: bigint;
}

/** Passes uploads on to the registry's blob server as they arrive: nothing of a file is kept here. */
export class BlobUploads {
  readonly #baseUrl: string;
  readonly #agent: Agent;

  constructor(baseUrl: string, identity: TlsIdentity) {
    this.#baseUrl = baseUrl;
    this.#agent = new Agent({
      ...mutualTls(identity),
      checkServerIdentity: expectPeer({ kind: 'service', name: 'registry' }),
      keepAlive: true,
    });
  }

  /**
   * Sends the body of the request from its Upload-Offset on; answers how far the file has come.
   *
   * @throws DomainError what the registry refused; a wrong offset is ABORTED with the right one in `received_bytes`.
   */
  async send({ importId, path }: UploadTarget, request: FastifyRequest, caller: Caller): Promise<Uploaded> {
    const { headers } = request;
    const length = headers['content-length'];
    const sending = httpsRequest(
      new URL(`/imports/${encodeURIComponent(importId)}/files/${encodeURIComponent(path)}`, this.#baseUrl),
      {
        method: 'PATCH',
        agent: this.#agent,
        timeout: IDLE_MS,
        headers: {
          authorization: `Bearer ${caller.grant.token.reveal()}`,
          'content-type': 'application/octet-stream',
          'upload-offset': offsetIn(headers['upload-offset']),
          ...(length !== undefined && { 'content-length': length }),
        },
      },
    );
    const body = request.body as Readable;
    try {
      const answer = await forward(body, sending);
      const told = await text(answer);
      if ((answer.statusCode ?? 500) >= 300) throw refusalOf(answer, told);
      return { path, receivedBytes: BigInt(offsetIn(answer.headers['upload-offset'])) };
    } finally {
      // A refusal may come before everything was read: what still arrives has to go somewhere for it to be heard.
      body.unpipe(sending);
      body.resume();
      sending.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function forward(body: Readable, sending: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sending.once('response', resolve);
    sending.on('timeout', () => sending.destroy(new Error(`no byte moved for ${IDLE_MS / 1_000} s`)));
    sending.on('error', (cause) => reject(broken(cause)));
    body.once('close', () => {
      if (!body.readableEnded) sending.destroy(new Error('the client is gone'));
    });
    body.pipe(sending);
  });
}

function broken(cause: Error): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    'UPLOAD_INTERRUPTED',
    'the way to the registry broke; what arrived is kept: ask the import for received_bytes and go on from there',
    { cause },
  );
}

function offsetIn(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return header;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'UPLOAD_OFFSET_REQUIRED',
    'Upload-Offset is the number of bytes already sent; 0 at the beginning',
  );
}
