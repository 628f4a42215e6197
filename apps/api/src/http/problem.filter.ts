import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { isDomainError } from '@ostro/kernel';
import type { Logger } from '@ostro/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, problem, PROBLEM_MEDIA, problemOf } from './problem.ts';

/** Every failure leaves as a problem. What is not ours leaves as "internal", and its whole story goes to the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Pick<Logger, 'error'>;

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    if (reply.sent) return;
    const told = this.tell(error, request);
    if (told.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(told.status).type(PROBLEM_MEDIA).send(JSON.stringify(told));
  }

  tell(error: unknown, request: FastifyRequest): Problem {
    const known = isDomainError(error) ? problemOf(error, request.id) : fromHttp(error, request);
    if (known && known.status !== 500) return known;
    this.#logger.error({ err: error, request_id: request.id }, 'a request failed');
    return known ?? problem(500, 'INTERNAL', 'something failed here; tell the operator the request_id', request.id);
  }
}

/** What Nest and Fastify refuse before a handler is reached: unknown routes, bodies that are no JSON or too large. */
function fromHttp(error: unknown, { id, method, url }: FastifyRequest): Problem | undefined {
  const status = error instanceof HttpException ? error.getStatus() : statusCodeOf(error);
  if (status === undefined || status >= 500) return undefined;
  const message = error instanceof Error ? error.message : String(error);
  switch (status) {
    case 404:
      return problem(404, 'ROUTE_NOT_FOUND', `there is no ${method} ${url.split('?')[0]}; see /docs`, id);
    case 413:
      return problem(
        413,
        'BODY_TOO_LARGE',
        `${message}: JSON bodies may have 1 MiB; weights are uploaded as files`,
        id,
      );
    case 415:
      return problem(415, 'UNSUPPORTED_MEDIA_TYPE', `${message}: send application/json`, id);
    default:
      return problem(status, 'MALFORMED_REQUEST', message, id);
  }
}

function statusCodeOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
