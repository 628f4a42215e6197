import type { ServerResponse } from 'node:http';
import { type DomainError, type ErrorCode, isDomainError } from '@ostro/kernel';

const STATUS: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  FAILED_PRECONDITION: 409,
  OUT_OF_RANGE: 413,
  RESOURCE_EXHAUSTED: 507,
  UNAVAILABLE: 503,
};

/** Answers with a problem (RFC 9457). What is no DomainError stays in the log, and the connection is cut. */
export function answerProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent || !isDomainError(error)) {
    if (response.headersSent) return void response.destroy();
    response.writeHead(500, { 'content-type': 'application/problem+json', connection: 'close' });
    return void response.end(JSON.stringify({ title: 'INTERNAL', detail: 'the registry failed; its log says why' }));
  }
  const status = STATUS[error.code] ?? 500;
  // A body may still be on its way that nobody reads any more.
  response.writeHead(status, { 'content-type': 'application/problem+json', connection: 'close', ...offsetOf(error) });
  response.end(JSON.stringify({ title: error.reason, status, detail: error.message, ...error.details }));
}

/** A refused upload says where it may go on. */
function offsetOf({ details }: DomainError): Record<string, string> {
  const offset = details['upload_offset'];
  return offset === undefined ? {} : { 'upload-offset': offset };
}
