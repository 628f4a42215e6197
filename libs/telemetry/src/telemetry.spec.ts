import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { DomainError, Sensitive } from '@ostro/kernel';
import {
  createLogger,
  currentTraceId,
  injectTrace,
  NestLogger,
  startTelemetry,
  withRequestId,
  withSpan,
  withTrace,
} from './index.ts';

/** Keeps what was exported over a shutdown, which empties the exporter it extends. */
class KeptSpans extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function service(name: string, sampleRatio = 1) {
  const exporter = new KeptSpans();
  const telemetry = startTelemetry({ service: name, instance: 'inc_1', version: '1.0.0', sampleRatio, exporter });
  const spans = async () => {
    await telemetry.shutdown();
    return exporter.getFinishedSpans();
  };
  return { ...telemetry, spans };
}

function lines() {
  const written: string[] = [];
  return {
    destination: { write: (line: string) => void written.push(line) },
    last: () => JSON.parse(written.at(-1)!) as Record<string, unknown>,
    all: () => written.join(''),
  };
}

describe('tracing', () => {
  it('keeps services of one process apart and their spans in one trace, also across headers and awaits', async () => {
    const [gateway, billing] = [service('gateway'), service('billing')];
    await withSpan(gateway.tracer, 'request', { 'ostro.endpoint.id': 'ept_1' }, async () => {
      const { traceparent } = injectTrace({} as Record<string, string>);
      await setImmediate();
      const kafkaHeaders = { traceparent: Buffer.from(traceparent!) };
      await withTrace(kafkaHeaders, () => withSpan(billing.tracer, 'charge', {}, () => setImmediate()));
    });
    const [request] = await gateway.spans();
    const [charge] = await billing.spans();
    expect(request!.resource.attributes['service.name']).toBe('gateway');
    expect(charge!.resource.attributes['service.name']).toBe('billing');
    expect(charge!.spanContext().traceId).toBe(request!.spanContext().traceId);
    expect(charge!.parentSpanContext?.spanId).toBe(request!.spanContext().spanId);
    expect(request!.attributes['ostro.endpoint.id']).toBe('ept_1');
  });

  it('starts a trace where headers carry none, whatever surrounds it', async () => {
    const { tracer } = service('gateway');
    await withSpan(tracer, 'outer', {}, async () => {
      const outer = currentTraceId();
      await withTrace({}, () => withSpan(tracer, 'inner', {}, () => expect(currentTraceId()).not.toBe(outer)));
    });
  });

  it('marks a failed span by its reason and quotes only our own messages', async () => {
    const { tracer, spans } = service('gateway');
    const fail = (error: Error) => withSpan(tracer, 'x', {}, () => Promise.reject(error));
    await expect(fail(new DomainError('NOT_FOUND', 'ENDPOINT_NOT_FOUND', 'no endpoint x'))).rejects.toThrow();
    await expect(fail(new TypeError('bad prompt: tell me'))).rejects.toThrow();
    const [ours, foreign] = await spans();
    expect([ours!.attributes['error.type'], ours!.status.message]).toEqual(['ENDPOINT_NOT_FOUND', 'no endpoint x']);
    expect([foreign!.attributes['error.type'], foreign!.status.message]).toEqual(['TypeError', undefined]);
    expect(JSON.stringify(foreign!.events)).not.toContain('tell me');
  });

  it('records nothing at ratio 0 but lets a sampled caller decide', async () => {
    const quiet = service('gateway', 0);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await withSpan(quiet.tracer, 'own', {}, () => undefined);
    await withTrace({ traceparent }, () => withSpan(quiet.tracer, 'asked', {}, () => undefined));
    expect((await quiet.spans()).map((span) => span.name)).toEqual(['asked']);
  });

  it('exports over OTLP/HTTP, and a collector that is gone neither fails nor holds up the stop', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(`${request.url} ${chunk.toString('latin1')}`));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const otlpEndpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
    const options = { service: 'api', instance: 'i', version: '1', sampleRatio: 1, otlpEndpoint };
    const telemetry = startTelemetry(options);
    await withSpan(telemetry.tracer, 'exported', {}, () => undefined);
    await telemetry.shutdown();
    expect(bodies.join()).toMatch(/^\/v1\/traces .*exported/s);

    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    const orphan = startTelemetry({ ...options, otlpEndpoint: 'http://127.0.0.1:1' });
    await withSpan(orphan.tracer, 'lost', {}, () => undefined);
    await orphan.shutdown();
  }, 20_000);
});

describe('the log', () => {
  it('carries trace, span and request of the place it is written in', async () => {
    const { tracer } = service('gateway');
    const out = lines();
    const logger = createLogger({ service: 'gateway', level: 'info', destination: out.destination });
    await withSpan(tracer, 'x', {}, () => withRequestId('req_1', () => logger.info({ n: 1 }, 'hello')));
    expect(out.last()).toMatchObject({
      service: 'gateway',
      level: 'info',
      message: 'hello',
      n: 1,
      request_id: 'req_1',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    logger.info('outside');
    expect(out.last()).not.toHaveProperty('trace_id');
  });

  it('shows neither what is Sensitive nor what has a telling name', () => {
    const out = lines();
    const logger = createLogger({ service: 'gateway', level: 'info', destination: out.destination });
    logger.info({ body: { messages: ['hunter2'] }, prompt: 'hunter2', a: { b: { token: 'hunter2' } } }, 'x');
    logger.info({ any: new Sensitive('hunter2'), deep: { list: [new Sensitive('hunter2')] } }, 'x');
    expect(out.all()).not.toContain('hunter2');
    expect(out.last()).toMatchObject({ any: '[redacted]' });
  });

  it('keeps the reason, details and cause of an error', () => {
    const out = lines();
    const logger = createLogger({ service: 'gateway', level: 'info', destination: out.destination });
    const cause = new Error('socket closed');
    logger.error({ err: new DomainError('UNAVAILABLE', 'NO_REPLICA', 'none', { details: { a: 'b' }, cause }) }, 'x');
    expect(out.last()['err']).toMatchObject({ reason: 'NO_REPLICA', details: { a: 'b' } });
    expect(out.all()).toContain('socket closed');
  });

  it("takes Nest's messages with the place they come from", () => {
    const out = lines();
    const nest = new NestLogger(createLogger({ service: 'api', level: 'info', destination: out.destination }));
    nest.log('started', 'NestApplication');
    expect(out.last()).toMatchObject({ message: 'started', from: 'NestApplication', level: 'info' });
    nest.error('broke', 'Error: broke\n    at x', 'Handler');
    expect(out.last()).toMatchObject({ message: 'broke', from: 'Handler', level: 'error', stack: expect.any(String) });
    nest.error(new Error('thrown'));
    expect(out.last()).toMatchObject({ message: 'thrown', err: { message: 'thrown' } });
  });
});
