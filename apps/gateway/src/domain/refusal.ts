/** OpenAI's words for whose fault an error is. */
export type ErrorType = 'invalid_request_error' | 'authentication_error' | 'rate_limit_error' | 'server_error';

export interface RefusalDetails {
  readonly status: number;
  readonly type: ErrorType;
  /** Stable word for programs. */
  readonly code: string | null;
  /** Path of the parameter that is wrong, as OpenAI writes it: `messages[0].role`. */
  readonly param?: string;
  /** For a person: what is wrong and what to do next. */
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** Why a request is not served: an expected answer, so it is returned and never thrown. */
export class Refusal {
  readonly status: number;
  readonly type: ErrorType;
  readonly code: string | null;
  readonly param: string | null;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(details: RefusalDetails) {
    this.status = details.status;
    this.type = details.type;
    this.code = details.code;
    this.param = details.param ?? null;
    this.message = details.message;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** OpenAI's error envelope. */
  toEnvelope() {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

export function isRefusal(value: unknown): value is Refusal {
  return value instanceof Refusal;
}

/** 400: the request itself is wrong, and sending it again changes nothing. */
export function badRequest(code: string | null, message: string, param?: string): Refusal {
  return new Refusal({
    status: 400,
    type: 'invalid_request_error',
    code,
    message,
    ...(param !== undefined && { param }),
  });
}

/** 401 with the code every OpenAI client knows. */
export function unauthenticated(message: string): Refusal {
  return new Refusal({ status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message });
}

/** 404 as OpenAI gives it for unknown and for forbidden models alike: whether a name exists is nobody else's business. */
export function modelNotFound(model: string): Refusal {
  return new Refusal({
    status: 404,
    type: 'invalid_request_error',
    code: 'model_not_found',
    param: 'model',
    message: `The model '${model.slice(0, 100)}' does not exist or you do not have access to it. GET /v1/models lists yours.`,
  });
}

export function notFound(method: string, path: string): Refusal {
  return new Refusal({
    status: 404,
    type: 'invalid_request_error',
    code: 'unknown_url',
    message: `Unknown request URL: ${method} ${path.slice(0, 200)}. Check the path and the method.`,
  });
}

/** 503: not now; the message says what is missing and the client may come back. */
export function unavailable(code: string, message: string, retryAfterSeconds: number): Refusal {
  return new Refusal({ status: 503, type: 'server_error', code, message, retryAfterSeconds });
}

export function serverError(code: string, message: string): Refusal {
  return new Refusal({ status: 500, type: 'server_error', code, message });
}
