import { type ErrorCode, isDomainError } from '@ostro/kernel';

interface Outcome {
  readonly status: number;
  readonly type: string;
}

const INTERNAL: Outcome = { status: 500, type: 'server_error' };

const OUTCOMES: Partial<Record<ErrorCode, Outcome>> = {
  INVALID_ARGUMENT: { status: 400, type: 'invalid_request_error' },
  FAILED_PRECONDITION: { status: 400, type: 'invalid_request_error' },
  OUT_OF_RANGE: { status: 413, type: 'invalid_request_error' },
  NOT_FOUND: { status: 404, type: 'invalid_request_error' },
  UNAUTHENTICATED: { status: 401, type: 'authentication_error' },
  RESOURCE_EXHAUSTED: { status: 429, type: 'rate_limit_error' },
  UNAVAILABLE: { status: 503, type: 'server_error' },
};

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: Readonly<Record<string, string | null>> };
}

/** OpenAI's envelope. What is not a refusal of ours is told to the log only: it might quote a prompt. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (!isDomainError(error)) {
    const message = 'The model server failed; see its log, then send the request again.';
    return { status: 500, body: { error: { message, type: INTERNAL.type, param: null, code: 'internal_error' } } };
  }
  const { status, type } = OUTCOMES[error.code] ?? INTERNAL;
  const { param, ...facts } = error.details;
  const code = error.reason.toLowerCase();
  return { status, body: { error: { message: error.message, type, param: param ?? null, code, ...facts } } };
}
