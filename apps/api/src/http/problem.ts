import { STATUS_CODES } from 'node:http';
import { DomainError, type ErrorCode } from '@ostro/kernel';
import { z } from 'zod';
import { answers } from '../shapes/schema-registries.ts';

/** The one place where a code of the cell becomes a status of HTTP. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  FAILED_PRECONDITION: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** An error as RFC 9457 tells it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: string;
  readonly request_id: string;
  readonly details?: Readonly<Record<string, string>>;
}

export const problemSchema = z
  .object({
    type: z.string().describe('A stable URN of the reason.'),
    title: z.string().describe('What the status means.'),
    status: z.int(),
    detail: z.string().describe('For a person: what is wrong and what to do.'),
    reason: z.string().describe('A stable UPPER_SNAKE word for programs.'),
    request_id: z.string().describe('Name it when you ask for help; it is in the logs.'),
    details: z.record(z.string(), z.string()).optional().describe('Facts a program can act on.'),
  })
  .register(answers, { id: 'Problem', description: 'An error, as in RFC 9457.' });

export const PROBLEM_MEDIA = 'application/problem+json';

export function problemOf(error: DomainError, requestId: string): Problem {
  return problem(STATUS[error.code], error.reason, error.message, requestId, error.details);
}

export function problem(
  status: number,
  reason: string,
  detail: string,
  requestId: string,
  details: Readonly<Record<string, string>> = {},
): Problem {
  return {
    type: `urn:ostro:problem:${reason.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Client Closed Request',
    status,
    detail,
    reason,
    request_id: requestId,
    ...(Object.keys(details).length > 0 && { details }),
  };
}
