import type { IncomingMessage, ServerResponse } from 'node:http';
import { DomainError, type Id } from '@ostro/kernel';
import type { Staging } from '../blobs/staging.ts';
import type { StagedFile } from '../blobs/staged-file.ts';
import type { Import } from '../domain/import.ts';
import type { UploadProgress } from './upload-progress.ts';

/** One declared file of an upload that waits for bytes. */
export interface UploadTarget {
  readonly import: Import;
  readonly index: number;
  readonly sizeBytes: number;
}

/**
 * PATCH appends to a file where it ends; HEAD tells where that is. Bytes count as they arrive: whatever breaks the
 * connection, the client asks for the offset and goes on.
 */
export class UploadsHttp {
  constructor(
    private readonly staging: Staging,
    private readonly progress: UploadProgress,
  ) {}

  async tell(target: UploadTarget, response: ServerResponse): Promise<void> {
    const offset = await this.staging.sizeOf(target.import.id, target.index);
    response.writeHead(200, {
      'upload-offset': offset,
      'upload-length': target.sizeBytes,
      'cache-control': 'no-store',
    });
    response.end();
  }

  /** @throws DomainError ABORTED (OFFSET_MISMATCH) with the right offset; OUT_OF_RANGE (UPLOAD_TOO_LARGE) */
  async append(target: UploadTarget, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const offset = offsetIn(request);
    const { id } = target.import;
    const size = await this.staging.use(id, target.index, async (file, displaced) => {
      const stop = () => void request.destroy(displacedBy());
      displaced.addEventListener('abort', stop, { once: true });
      try {
        assertContinues(file.size, offset);
        assertFits(target, offset + Number(request.headers['content-length'] ?? 0));
        await this.#receive(target, file, request);
      } finally {
        displaced.removeEventListener('abort', stop);
        await file.sync();
      }
      return file.size;
    });
    await this.progress.tell(target.import, { force: true });
    response.writeHead(204, { 'upload-offset': size });
    response.end();
  }

  /** Reads no further than it writes: a slow disk slows the client down and fills no memory. */
  async #receive(target: UploadTarget, file: StagedFile, request: IncomingMessage): Promise<void> {
    // A refusal in the middle must still be answered, so the loop does not take the connection with it.
    const portions: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const bytes of portions) {
      assertFits(target, file.size + bytes.length);
      await file.append(bytes);
      await this.progress.tell(target.import, { force: false });
    }
  }
}

function offsetIn(request: IncomingMessage): number {
  const text = request.headers['upload-offset'];
  if (typeof text === 'string' && /^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new DomainError(
    'INVALID_ARGUMENT',
    'UPLOAD_OFFSET_MISSING',
    'send Upload-Offset: the number of bytes before these; a HEAD request tells it',
  );
}

function assertContinues(size: number, offset: number): void {
  if (size === offset) return;
  throw new DomainError('ABORTED', 'OFFSET_MISMATCH', `the file has ${size} bytes; go on at that offset`, {
    details: { upload_offset: String(size) },
  });
}

function assertFits({ sizeBytes }: UploadTarget, end: number): void {
  if (end <= sizeBytes) return;
  throw new DomainError(
    'OUT_OF_RANGE',
    'UPLOAD_TOO_LARGE',
    `the file was declared with ${sizeBytes} bytes and this would make it ${end}; start an import with the right size`,
  );
}

function displacedBy(): DomainError {
  return new DomainError('ABORTED', 'UPLOAD_DISPLACED', 'another request took this upload over; ask for the offset');
}

/** For a file that the import knows. @throws DomainError NOT_FOUND (UPLOAD_FILE_UNKNOWN), FAILED_PRECONDITION */
export function uploadTarget(imported: Import, path: string): UploadTarget {
  const index = imported.files.findIndex((file) => file.path === path);
  const details = { import_id: imported.id as Id<'imp'>, path };
  if (imported.source.kind !== 'upload' || index === -1) {
    const message = `import ${imported.id} expects no file "${path}"; declare it when you create the import`;
    throw new DomainError('NOT_FOUND', 'UPLOAD_FILE_UNKNOWN', message, { details });
  }
  if (imported.state !== 'awaiting_upload') {
    const message = `import ${imported.id} is ${imported.state} and takes no more bytes; start a new one`;
    throw new DomainError('FAILED_PRECONDITION', 'UPLOAD_CLOSED', message, { details });
  }
  return { import: imported, index, sizeBytes: imported.files[index]!.sizeBytes! };
}
