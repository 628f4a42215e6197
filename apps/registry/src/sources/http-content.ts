import { DomainError } from '@ostro/kernel';
import type { ImportedFile } from '../domain/import.ts';
import type { Content } from './content-source.ts';
import type { GuardedHttp, HttpAnswer } from './guarded-http.ts';
import { networkFailure } from './network-failure.ts';

export interface HttpLocation {
  readonly url: string;
  readonly authorization?: string | undefined;
}

/**
 * Reads a file from where we stopped if the source still has the same one: by If-Range where it marks its versions, or
 * boldly where the digest is pinned, since that tells in the end. Otherwise from its beginning.
 */
export async function openHttp(
  http: GuardedHttp,
  { url, authorization }: HttpLocation,
  file: ImportedFile,
  { from, signal }: { readonly from: number; readonly signal: AbortSignal },
): Promise<Content> {
  const mayResume = from > 0 && (file.validator !== null || file.expectedSha256 !== null);
  const resume: Record<string, string> = mayResume
    ? { range: `bytes=${from}-`, ...(file.validator !== null && { 'if-range': file.validator }) }
    : {};
  const answer = await http.ask(url, {
    method: 'GET',
    headers: resume,
    leavesOrigin: true,
    signal,
    ...(authorization !== undefined && { authorization }),
  });
  if (answer.status === 416) {
    // What we hold is longer than what there is: another content by now.
    await answer.body.dump();
    return openHttp(http, { url, authorization }, { ...file, validator: null }, { from: 0, signal });
  }
  assertOk(answer, url);
  return toContent(answer, new URL(url).host, signal);
}

function toContent({ status, headers, body }: HttpAnswer, host: string, signal: AbortSignal): Content {
  const range = /^bytes ([0-9]+)-[0-9]+\/([0-9]+)$/.exec(headers['content-range'] ?? '');
  const etag = headers['etag'];
  const length = headers['content-length'];
  return {
    startsAt: status === 206 && range ? Number(range[1]) : 0,
    sizeBytes: range ? Number(range[2]) : length === undefined ? null : Number(length),
    validator: etag === undefined || etag.startsWith('W/') ? null : etag,
    bytes: explained(body, host, signal),
  };
}

async function* explained(
  bytes: AsyncIterable<Uint8Array>,
  host: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw networkFailure(error, host, signal);
  }
}

/** @throws DomainError NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE or FAILED_PRECONDITION by the status. */
export function assertOk({ status, body }: HttpAnswer, url: string): void {
  if (status === 200 || status === 206) return;
  // Nobody reads this page; that it was cut off is no news.
  body.on('error', () => undefined).destroy();
  const { origin, pathname } = new URL(url);
  const where = `${origin}${pathname}`;
  const details = { status: String(status) };
  if (status === 404 || status === 410) {
    throw new DomainError('NOT_FOUND', 'SOURCE_NOT_FOUND', `there is no ${where}; check the address`, { details });
  }
  if (status === 401 || status === 403) {
    const message = `${where} wants credentials that this registry does not have; ask its operator, or upload the file`;
    throw new DomainError('PERMISSION_DENIED', 'SOURCE_FORBIDDEN', message, { details });
  }
  if (status === 429 || status >= 500) {
    throw new DomainError('UNAVAILABLE', 'SOURCE_BUSY', `${where} answers with status ${status}`, { details });
  }
  const message = `${where} answers with status ${status}; check the address`;
  throw new DomainError('FAILED_PRECONDITION', 'SOURCE_REFUSED', message, { details });
}
