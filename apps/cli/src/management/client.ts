import { DomainError } from '@ostro/kernel';
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../gen/management.ts';
import { problemError, unreachable } from './problem-error.ts';

export type Schemas = components['schemas'];
export type ManagementClient = Client<paths>;

const ANSWER_WITHIN_MS = 30_000;

/** The management API, typed by its document. Every failure is a DomainError in the API's own words. */
export function managementClient(apiUrl: string, apiKey: string): ManagementClient {
  const client = createClient<paths>({
    baseUrl: apiUrl,
    headers: { authorization: `Bearer ${apiKey}` },
    fetch: (request) => answered(request, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }),
  });
  return client;
}

/** A request without a time limit, for streams and uploads. */
export async function answered(request: Request | string, init: RequestInit = {}): Promise<Response> {
  const url = new URL(typeof request === 'string' ? request : request.url).origin;
  const response = await fetch(request, init).catch((cause: unknown) => {
    if ((cause as Error).name === 'TimeoutError') throw late(url, cause);
    throw unreachable(url, cause);
  });
  if (!response.ok) throw await problemError(response);
  return response;
}

/** The body of an answer; a refusal has been thrown before. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

interface Page<T> {
  readonly items: T[];
  readonly next_page_token: string;
}

/** All items of a list, page by page. */
export async function everyItem<T>(read: (pageToken: string) => Promise<{ data?: Page<T> }>): Promise<T[]> {
  const items: T[] = [];
  let token = '';
  do {
    const page = await body(read(token));
    items.push(...page.items);
    token = page.next_page_token;
  } while (token !== '');
  return items;
}

function late(url: string, cause: unknown): DomainError {
  const message = `${url} did not answer within ${ANSWER_WITHIN_MS / 1_000} s; see "ostro status"`;
  return new DomainError('DEADLINE_EXCEEDED', 'NO_ANSWER', message, { cause });
}
