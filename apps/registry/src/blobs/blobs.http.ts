import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '@ostro/kernel';
import type { BlobStore, OpenBlob } from './blob-store.ts';
import { type ByteRange, parseRange } from './byte-range.ts';

const PORTION_BYTES = 262_144;

/** GET and HEAD of blobs, whole or a range of their bytes. A blob never changes, so its digest is its ETag. */
export class BlobsHttp {
  constructor(private readonly blobs: BlobStore) {}

  async serve(sha256: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const blob = await this.blobs.open(sha256);
    if (blob === undefined) {
      throw new DomainError(
        'NOT_FOUND',
        'BLOB_NOT_FOUND',
        `there is no blob sha256:${sha256}; resolve the model again`,
        {
          details: { digest: `sha256:${sha256}` },
        },
      );
    }
    try {
      await answer(blob, `"sha256:${sha256}"`, request, response);
    } finally {
      await blob.handle.close();
    }
  }
}

async function answer(blob: OpenBlob, etag: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('etag', etag);
  response.setHeader('content-type', 'application/octet-stream');
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  const range = rangeOf(request, etag, blob.size);
  if (range === 'unsatisfiable') {
    return void response.writeHead(416, { 'content-range': `bytes */${blob.size}`, 'content-length': 0 }).end();
  }
  const { start, end } = range ?? { start: 0, end: blob.size - 1 };
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${blob.size}`);
  response.writeHead(range ? 206 : 200, { 'content-length': end - start + 1 });
  if (request.method === 'HEAD' || end < start) return void response.end();
  const bytes = blob.handle.createReadStream({ start, end, autoClose: false, highWaterMark: PORTION_BYTES });
  await pipeline(bytes, response);
}

/** If-Range with another content's mark asks for all of this one. */
function rangeOf(request: IncomingMessage, etag: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = request.headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  return parseRange(request.headers.range, size);
}
