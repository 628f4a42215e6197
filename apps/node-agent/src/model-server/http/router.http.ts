import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { DomainError } from '@ostro/kernel';
import type { Log } from '../log.ts';
import type { ServingState } from '../serving-state.ts';
import { toErrorAnswer } from './openai-error.ts';
import { readJson } from './read-json.ts';
import { sendJson } from './send-json.ts';

export interface Endpoints {
  /** Answered in every state and without a key: it is how the agent recognises the process. */
  readonly health: (url: URL, response: ServerResponse) => void;
  /** By "METHOD /path"; answered once ready. */
  readonly get: Readonly<Record<string, (response: ServerResponse) => void>>;
  readonly post: Readonly<
    Record<string, (body: unknown, response: ServerResponse, caller: PostCaller) => Promise<void> | void>
  >;
}

export interface PostCaller {
  readonly organization: string | undefined;
  readonly signal: AbortSignal;
}

export interface RouterOptions {
  readonly key: string | undefined;
  readonly bodyLimitBytes: number;
}

/** One request in, one answer or one error envelope out; a client that leaves aborts its own work. */
export function router(endpoints: Endpoints, state: ServingState, log: Log, options: RouterOptions): RequestListener {
  const authorized = keyCheck(options.key);

  const dispatch = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://model-server');
    if (request.method === 'GET' && url.pathname === '/health') return endpoints.health(url, response);
    authorized(request);
    state.mustBeReady();
    const get = request.method === 'GET' ? endpoints.get[url.pathname] : undefined;
    if (get) return get(response);
    const post = request.method === 'POST' ? endpoints.post[url.pathname] : undefined;
    if (!post)
      throw new DomainError('NOT_FOUND', 'UNKNOWN_URL', `Unknown request URL: ${request.method} ${url.pathname}`);
    const call = state.begin();
    response.once('close', () => {
      if (!response.writableFinished) call.abort(clientGone());
      call.end();
    });
    const body = await readJson(request, options.bodyLimitBytes);
    await post(body, response, { organization: organizationOf(request), signal: call.signal });
  };

  return (request, response) => {
    dispatch(request, response).catch((error: unknown) => {
      if (isUnexpected(error)) log('error', 'request failed', describe(error));
      if (response.headersSent || response.destroyed) return;
      const { status, body } = toErrorAnswer(error);
      if (!request.complete) response.setHeader('connection', 'close');
      sendJson(response, status, body);
    });
  };
}

function organizationOf(request: IncomingMessage): string | undefined {
  const value = request.headers['x-ostro-organization'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function keyCheck(key: string | undefined): (request: IncomingMessage) => void {
  if (key === undefined) return () => undefined;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${key}`);
  return (request) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return;
    throw new DomainError(
      'UNAUTHENTICATED',
      'INVALID_API_KEY',
      'Send the bearer key this model server was started with.',
    );
  };
}

function clientGone(): DomainError {
  return new DomainError('CANCELLED', 'CLIENT_GONE', 'the client closed the connection');
}

function isUnexpected(error: unknown): boolean {
  return !(error instanceof DomainError) || error.code === 'INTERNAL';
}

/** Where it failed, without the message: a library's message may quote a prompt. */
function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { error: error.name, stack: frames.map((line) => line.trim()).slice(0, 12) };
}
