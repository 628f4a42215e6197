import { DomainError, type ErrorCode } from '@ostro/kernel';

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'INVALID_ARGUMENT',
  415: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

interface Told {
  readonly detail?: string;
  readonly reason?: string;
  readonly request_id?: string;
  readonly details?: Record<string, string>;
  /** OpenAI's envelope, which the gateway speaks. */
  readonly error?: { readonly message?: string; readonly code?: string | null };
}

/** What a server refused, in its own words; of a failure on its side also the id to name when asking for help. */
export async function problemError(response: Response): Promise<DomainError> {
  const { status, headers } = response;
  const { reason, detail, details = {}, request_id = headers.get('x-request-id') } = await problemIn(response);
  const trail = status >= 500 && request_id ? ` (request ${request_id})` : '';
  return new DomainError(CODES[status] ?? 'INTERNAL', reason, `${detail}${trail}${nextStep(status)}`, { details });
}

interface Problem {
  readonly reason: string;
  readonly detail: string;
  readonly request_id?: string;
  readonly details?: Record<string, string>;
}

async function problemIn(response: Response): Promise<Problem> {
  const { error, ...told } = await bodyOf(response);
  const detail = error?.message ?? `the server answered ${response.status} ${response.statusText}`;
  return { reason: error?.code?.toUpperCase() ?? 'HTTP_ERROR', detail, ...told };
}

async function bodyOf(response: Response): Promise<Told> {
  try {
    return (await response.json()) as Told;
  } catch {
    // Something between us and the API answered; its status is all there is to tell.
    return {};
  }
}

function nextStep(status: number): string {
  return status === 401 ? '; run "ostro login" with a key that works' : '';
}

/** @returns the error to throw when a server cannot be reached at all. */
export function unreachable(url: string, cause: unknown): DomainError {
  const why = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : '';
  return new DomainError(
    'UNAVAILABLE',
    'UNREACHABLE',
    `${url} cannot be reached${why}; is Ostro running? "ostro up" starts one here, "ostro use" chooses another`,
    { cause },
  );
}
