import {
  type DynamicModule,
  type INestApplication,
  StandardSchemaSerializerInterceptor,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { DomainError } from '@ostro/kernel';
import type { ServiceContext } from '@ostro/service-host';
import { extractTrace, NestLogger, withRequestId } from '@ostro/telemetry';
import type { FastifyInstance } from 'fastify';
import { inputProblem } from './input-problem.ts';
import { ProblemFilter } from './problem.filter.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
/** No byte either way for so long ends a connection; event streams beat more often. */
const IDLE_MS = 60_000;

export interface RunningHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws DomainError UNAVAILABLE (ADDRESS_IN_USE) naming the address. */
export async function startHttpServer(
  module: DynamicModule,
  bind: { readonly host: string; readonly port: number },
  { ids, logger, tracer }: ServiceContext,
): Promise<RunningHttpServer> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: IDLE_MS,
    // A path may be as long as a file's name in a model.
    routerOptions: { maxParamLength: 1_024 },
    genReqId: () => ids('req'),
    forceCloseConnections: true,
  });
  prepare(adapter.getInstance() as unknown as FastifyInstance, tracer);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: inputProblem }));
  app.useGlobalInterceptors(new StandardSchemaSerializerInterceptor(app.get(Reflector)));
  app.useGlobalFilters(new ProblemFilter(logger));
  const port = await listen(app, bind);
  return { port, close: () => app.close() };
}

function prepare(fastify: FastifyInstance, tracer: ServiceContext['tracer']): void {
  // Bodies are JSON or bytes; Fastify would take plain text too.
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser(
    ['application/octet-stream', 'application/offset+octet-stream'],
    // The handler passes the stream on; nothing is read here.
    (_request, payload, done) => done(null, payload),
  );
  fastify.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
    fastify.getDefaultJsonParser('error', 'error'),
  );
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  // After the body was read: its events would end the context of an earlier hook.
  fastify.addHook('preValidation', (request, reply, done) => {
    const parent = extractTrace(request.headers);
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    const span = tracer.startSpan(route, { kind: SpanKind.SERVER }, parent);
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode);
      span.end();
    });
    context.with(trace.setSpan(parent, span), () => withRequestId(request.id, done));
  });
}

async function listen(app: INestApplication, { host, port }: { host: string; port: number }): Promise<number> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    await app.close();
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    const address = `${host}:${port}`;
    const message = `${address} for the management API is taken; stop what holds it or choose another port`;
    throw new DomainError('UNAVAILABLE', 'ADDRESS_IN_USE', message, { details: { address }, cause });
  }
  return (app.getHttpServer().address() as { port: number }).port;
}
