import type { IncomingMessage } from 'node:http';
import { DomainError, type ErrorCode } from '@ostro/kernel';

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'OUT_OF_RANGE',
  503: 'UNAVAILABLE',
  507: 'RESOURCE_EXHAUSTED',
};

/** What the blob server refused, in the words it used. */
export function refusalOf({ statusCode = 500, headers }: IncomingMessage, body: string): DomainError {
  const told = parse(body);
  const offset = headers['upload-offset'];
  return new DomainError(
    CODES[statusCode] ?? 'INTERNAL',
    told.title ?? 'UPLOAD_REFUSED',
    told.detail ?? `the registry answered ${statusCode} to the upload`,
    { details: typeof offset === 'string' ? { received_bytes: offset } : {} },
  );
}

function parse(body: string): { title?: string; detail?: string } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // A refusal without JSON is told by its status alone.
    return {};
  }
}
