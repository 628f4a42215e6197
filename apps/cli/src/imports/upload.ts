import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isDomainError } from '@ostro/kernel';
import { answered } from '../management/client.ts';
import type { LocalFile } from './local-files.ts';

const ATTEMPTS_WITHOUT_PROGRESS = 5;
const FIRST_PAUSE_MS = 500;

export interface Upload {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly importId: string;
  /** How many bytes of a file the registry has: asked anew after each break. */
  readonly receivedBytes: (path: string) => Promise<number>;
  /** Bytes that went out, file by file. */
  readonly onProgress: (path: string, sentBytes: number) => void;
}

/**
 * Sends a file from where the registry has it on. A broken connection is taken up again as long as each attempt gets
 * further; five in a row that do not end it.
 *
 * @throws DomainError what the registry refused, or why it cannot be reached.
 */
export async function uploadFile(file: LocalFile, upload: Upload): Promise<void> {
  let offset = await upload.receivedBytes(file.path);
  for (let attempt = 1; offset < file.sizeBytes; attempt++) {
    upload.onProgress(file.path, offset);
    try {
      await send(file, offset, upload);
      return;
    } catch (error) {
      const next = await goOnFrom(error, file, upload);
      if (next > offset) attempt = 0;
      if (next === offset && attempt >= ATTEMPTS_WITHOUT_PROGRESS) throw error;
      offset = next;
      await delay(FIRST_PAUSE_MS * 2 ** attempt);
    }
  }
}

async function send(file: LocalFile, offset: number, { apiUrl, apiKey, importId, onProgress }: Upload): Promise<void> {
  const url = new URL(`/v1/imports/${importId}/files/${encodeURIComponent(file.path)}`, apiUrl);
  let sent = offset;
  const bytes = createReadStream(file.at, { start: offset, highWaterMark: 1024 * 1024 });
  const counted = async function* () {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      sent += chunk.length;
      onProgress(file.path, sent);
      yield chunk;
    }
  };
  await answered(url.href, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/octet-stream',
      'upload-offset': `${offset}`,
    },
    body: Readable.toWeb(Readable.from(counted())) as ReadableStream<Uint8Array>,
    duplex: 'half',
  } as RequestInit);
}

/** Where to go on after a failure; a refusal that no other offset would change is thrown. */
async function goOnFrom(error: unknown, file: LocalFile, { receivedBytes }: Upload): Promise<number> {
  if (!isDomainError(error)) throw error;
  const told = error.details['received_bytes'];
  if (error.code === 'ABORTED' && told !== undefined) return Number(told);
  if (error.code !== 'UNAVAILABLE' && error.code !== 'DEADLINE_EXCEEDED') throw error;
  return receivedBytes(file.path).catch(() => 0);
}
