import { createRequire } from 'node:module';
import { connect } from 'node:http2';
import { setImmediate } from 'node:timers/promises';
import {
  Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { DomainError, manualClock } from '@ostro/kernel';
import { mutualTls, type TlsIdentity } from '@ostro/pki';
import { createLogger, startTelemetry, withRequestId, withSpan } from '@ostro/telemetry';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { service as healthService } from 'grpc-health-check';
import { foundCell, type TestCell } from '../test/cell.ts';
import { ECHO_ACCESS, EchoModule, EchoService, seen } from '../test/echo.ts';
import {
  grpcClient,
  type GrpcClientOptions,
  type GrpcServerOptions,
  type RunningGrpcServer,
  startGrpcServer,
} from './index.ts';

let cell: TestCell;
let server: RunningGrpcServer;
const log: string[] = [];
const closing: (() => void)[] = [];
const logger = createLogger({ service: 'test', level: 'info', destination: { write: (line) => void log.push(line) } });

class KeptSpans extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
const spans = new KeptSpans();
const telemetry = startTelemetry({ service: 'identity', instance: 'i', version: '1', sampleRatio: 1, exporter: spans });

const options = (overrides: Partial<GrpcServerOptions> = {}): GrpcServerOptions => ({
  bind: { host: '127.0.0.1', port: 0 },
  services: [EchoService],
  access: ECHO_ACCESS,
  identity: cell.identity,
  logger,
  drainMs: 200,
  tracer: telemetry.tracer,
  ...overrides,
});

function client(identity: GrpcClientOptions['identity'] = cell.api, overrides: Partial<GrpcClientOptions> = {}) {
  const address = { host: '127.0.0.1', port: server.port };
  const made = grpcClient(EchoService, { address, identity, expectedService: 'identity', ...overrides });
  closing.push(() => made.close());
  return made;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

async function failureOf(promise: Promise<unknown>): Promise<DomainError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof DomainError) return error;
  throw error;
}

beforeAll(async () => {
  cell = await foundCell();
  server = await startGrpcServer(EchoModule, options());
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
afterAll(async () => {
  await server.close();
  await telemetry.shutdown();
  await cell.remove();
});

describe('who gets in', () => {
  it('is whoever the table names, and the handler knows them', async () => {
    expect(await client(cell.api).say({ text: 'hello' })).toEqual({ text: 'hello' });
    expect((await client(cell.gateway).whoAmI({ text: '' })).text).toBe('gateway/default -');
    expect((await client(cell.node).whoAmI({ text: '' })).text).toBe('node/n1 -');
    expect(await failureOf(client(cell.node).say({ text: '' }))).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('is nobody without TLS', async () => {
    const plain = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    closing.push(() => plain.close());
    const { path, requestSerialize, responseDeserialize } = EchoService.say;
    const error = await new Promise<ServiceError | null>((resolve) =>
      plain.makeUnaryRequest(path, requestSerialize, responseDeserialize, { text: '' }, resolve),
    );
    expect(error?.code).toBe(14);
  });

  it('is nobody without a certificate, or with one of another cell', async () => {
    expect((await failureOf(client({ caPem: cell.api.caPem }).say({ text: '' }))).code).toBe('UNAVAILABLE');
    expect((await failureOf(client(cell.stranger).say({ text: '' }))).code).toBe('UNAVAILABLE');
  });

  it('is nobody who speaks an older TLS', async () => {
    const session = connect(`https://127.0.0.1:${server.port}`, {
      ...mutualTls(cell.api),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
    });
    await expect(new Promise((_, reject) => session.once('error', reject))).rejects.toThrow(/alert|version/i);
  });

  it('is only a server that proves it is the expected service', async () => {
    const error = await failureOf(client(cell.api, { expectedService: 'billing' }).say({ text: '' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVICE_UNREACHABLE' });
    expect(error.message).toContain('service identity, not service billing');
  });
});

describe('a method for anyone', () => {
  const access = { ...ECHO_ACCESS, [EchoService.enrol.path]: { peers: ['anyone'], permission: '' } };
  let open: RunningGrpcServer;
  beforeAll(async () => {
    open = await startGrpcServer(EchoModule, options({ access }));
  });
  afterAll(() => open.close());
  const to = (identity: GrpcClientOptions['identity']) => client(identity, { address: `127.0.0.1:${open.port}` });

  it('answers a peer that has no certificate yet, and no other method does', async () => {
    const newcomer = to({ caPem: cell.api.caPem });
    expect(await newcomer.enrol({ text: 'me' })).toEqual({ text: 'me' });
    expect(await failureOf(newcomer.say({ text: '' }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'CERTIFICATE_REQUIRED',
    });
    expect(await to(cell.api).say({ text: 'x' })).toEqual({ text: 'x' });
  });

  it('takes a certificate of another cell for none', async () => {
    expect(await failureOf(to(cell.stranger).say({ text: '' }))).toMatchObject({ reason: 'CERTIFICATE_REQUIRED' });
    expect(
      await to(cell.stranger)
        .whoAmI({ text: '' })
        .catch((error: DomainError) => error.reason),
    ).toBe('CERTIFICATE_REQUIRED');
  });
});

describe('permissions', () => {
  const read = async (token: string | undefined, text = `${cell.organizationId} ${cell.projectId}`) =>
    client().read({ text }, token === undefined ? {} : { token });

  it('come with a token and are told to the handler', async () => {
    const token = await cell.token(['echoes.read']);
    expect((await read(token)).text).toContain(cell.organizationId);
    expect((await client().whoAmI({ text: '' }, { token })).text).toMatch(/^service\/api prn_/);
  });

  it('are required, exactly', async () => {
    expect(await failureOf(read(undefined))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_REQUIRED' });
    expect(await failureOf(read(await cell.token(['echoes', 'echoes.read.all'])))).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_MISSING',
      details: { permission: 'echoes.read' },
    });
    expect(await failureOf(read('x.y.z'))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' });
    const old = await cell.token(['echoes.read'], manualClock(new Date(Date.now() - 301_000)));
    expect(await failureOf(read(old))).toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });

  it('end at the organization and the projects of the key', async () => {
    const token = await cell.token(['echoes.read']);
    const foreign = await failureOf(read(token, `org_x ${cell.projectId}`));
    expect(foreign).toMatchObject({ code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' });
    expect(await failureOf(read(token, `${cell.organizationId} prj_x`))).toMatchObject({ reason: 'PROJECT_NOT_FOUND' });
  });

  it('are declared for every method, or the server does not start', async () => {
    const { [EchoService.say.path]: _, ...access } = ECHO_ACCESS;
    await expect(startGrpcServer(EchoModule, options({ access }))).rejects.toMatchObject({
      reason: 'METHOD_WITHOUT_ACCESS',
      message: expect.stringContaining(EchoService.say.path),
    });
  });
});

describe('errors', () => {
  it('arrive as they were thrown, without their cause', async () => {
    const error = await failureOf(client().fail({ text: '' }));
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'ECHO_BROKEN',
      message: 'fix the écho first',
      details: { part: 'horn', empty: '' },
    });
    expect(error.cause).toBeUndefined();
  });

  it('that nobody foresaw leave a reference, and the rest stays in the log', async () => {
    const error = await failureOf(client().fail({ text: 'bug' }));
    expect(error).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL' });
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
    const line = log.find((entry) => entry.includes(error.details['reference']!));
    expect(line).toContain('the secret is hunter2');
    expect(line).toMatch(/"trace_id":"[0-9a-f]{32}"/);
  });

  it('of a service that is not there name it and its address', async () => {
    const error = await failureOf(client(cell.api, { address: '127.0.0.1:1' }).say({ text: '' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVICE_UNREACHABLE' });
    expect(error.message).toContain('identity at 127.0.0.1:1');
  });

  it('are retried while the service is unavailable, and only where that is safe', async () => {
    seen.attempts = 0;
    expect(await client().fail({ text: 'busy' }, { idempotent: true })).toEqual({ text: 'ready', count: 3 });
    seen.attempts = 0;
    expect(await failureOf(client().fail({ text: 'busy' }))).toMatchObject({ reason: 'BUSY' });
    expect(seen.attempts).toBe(1);
  });
});

describe('time', () => {
  beforeEach(() => {
    seen.aborted.length = 0;
    seen.waiting = 0;
  });

  it('runs out for both sides at the deadline', async () => {
    const connected = client();
    await connected.say({ text: 'connect first' });
    const error = await failureOf(connected.wait({ text: '' }, { deadlineMs: 250 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED' });
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['DEADLINE_EXCEEDED with deadline']);
  });

  it('is the client default when the call names none', async () => {
    const hasty = client(cell.api, { defaultDeadlineMs: 250 });
    await hasty.say({ text: 'connect first' });
    expect((await failureOf(hasty.wait({ text: '' }))).code).toBe('DEADLINE_EXCEEDED');
    await until(() => seen.aborted.length > 0);
  });

  it('is the server default when a client sends none', async () => {
    const hasty = await startGrpcServer(EchoModule, options({ defaultDeadlineMs: 30 }));
    const raw = rawClient(cell.api, hasty.port);
    const { path, requestSerialize, responseDeserialize } = EchoService.wait;
    const error = await new Promise<ServiceError | null>((resolve) =>
      raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, { text: '' }, resolve),
    );
    expect(error?.code).toBe(4);
    expect(seen.aborted).toEqual(['DEADLINE_EXCEEDED with deadline']);
    await hasty.close();
  });

  it('ends for the handler when the client goes away', async () => {
    const abort = new AbortController();
    const failed = failureOf(client().wait({ text: '' }, { signal: abort.signal }));
    await until(() => seen.waiting > 0);
    abort.abort();
    expect((await failed).code).toBe('CANCELLED');
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['CALL_CANCELLED with deadline']);
  });
});

describe('streams', () => {
  it('deliver what the server sends, then its error', async () => {
    const received: number[] = [];
    const reading = (async () => {
      for await (const { count } of client().count({ text: 'break', count: 3 })) received.push(count!);
    })();
    expect(await failureOf(reading)).toMatchObject({ code: 'DATA_LOSS', reason: 'ECHO_LOST' });
    expect(received).toEqual([1, 2, 3]);
  });

  it('report an error that came before anybody looked', async () => {
    const stream = client().count({ text: 'break', count: 0 });
    await until(() => log.some((line) => line.includes('ECHO_LOST')));
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'ECHO_LOST' });
  });

  it('are cancelled at the server when the reader leaves', async () => {
    seen.aborted.length = 0;
    for await (const { count } of client().count({ text: 'stay', count: 2 })) if (count === 2) break;
    await until(() => seen.aborted.length > 0);
    expect(seen.aborted).toEqual(['count']);
  });

  it('go both ways, with the caller known throughout', async () => {
    const stream = client(cell.node).talk();
    await stream.write({ text: 'one' });
    await stream.write({ text: 'two' });
    stream.end();
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    expect(texts).toEqual(['n1: one', 'n1: two', 'bye']);
  });

  it('tell a writer why the server ended them', async () => {
    const stream = client().talk();
    await stream.write({ text: 'break' });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    expect(await failureOf(reading)).toMatchObject({ reason: 'ECHO_FENCED' });
    await expect(stream.write({ text: 'more' })).rejects.toMatchObject({ reason: 'ECHO_FENCED' });
  });

  it('upload with back-pressure and give one answer', async () => {
    const stream = client().sum();
    for (let count = 1; count <= 500; count++) await stream.write({ text: 'x'.repeat(1_000), count });
    stream.end();
    expect(await stream.response).toEqual({ text: 'sum', count: 125_250 });
  });
});

describe('operations', () => {
  it('answers health, by server and by service, and changes it', async () => {
    const check = (healthService as unknown as ServiceDefinition)['Check']!;
    const raw = rawClient(cell.api, server.port);
    const ask = (service: string) => call(raw, check, { service });
    expect(await ask('')).toMatchObject({ status: 'SERVING' });
    expect(await ask('ostro.test.v1.EchoService')).toMatchObject({ status: 'SERVING' });
    server.setServing(false);
    expect(await ask('')).toMatchObject({ status: 'NOT_SERVING' });
    server.setServing(true);
    await expect(call(rawClient(cell.node, server.port), check, { service: '' })).rejects.toMatchObject({ code: 7 });
  });

  it('describes its services to a reflection client', async () => {
    const require = createRequire(import.meta.url);
    const image = await descriptorSet();
    expect(Object.keys(loadFileDescriptorSetFromBuffer(Buffer.from(image)))).toContain('grpc.health.v1.Health');
    const described = await startGrpcServer(EchoModule, options({ descriptorSet: image }));
    const proto = require.resolve('@grpc/reflection').replace(/src.*/, 'proto/grpc/reflection/v1/reflection.proto');
    const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true })) as never as {
      grpc: { reflection: { v1: { ServerReflection: { service: Record<string, ServiceDefinition[string]> } } } };
    };
    const info = Object.values(loaded.grpc.reflection.v1.ServerReflection.service)[0]!;
    const raw = rawClient(cell.api, described.port);
    const stream = raw.makeBidiStreamRequest(info.path, info.requestSerialize, info.responseDeserialize);
    stream.write({ list_services: '*' });
    const [answer] = (await stream[Symbol.asyncIterator]()
      .next()
      .then(({ value }) => [value])) as [unknown];
    expect(JSON.stringify(answer)).toContain('list_services_response');
    stream.cancel();
    stream.on('error', () => undefined);
    await described.close();
  });

  it('makes a span of each call in the trace of its caller, and logs with the request', async () => {
    const caller = startTelemetry({
      service: 'api',
      instance: 'i',
      version: '1',
      sampleRatio: 1,
      exporter: new KeptSpans(),
    });
    let traceId = '';
    await withSpan(caller.tracer, 'request', {}, (span) => {
      traceId = span.spanContext().traceId;
      return withRequestId('req_7', () =>
        client()
          .fail({ text: 'bug' })
          .catch(() => undefined),
      );
    });
    await telemetry.shutdown();
    const span = spans.getFinishedSpans().find((finished) => finished.spanContext().traceId === traceId);
    expect(span).toMatchObject({
      name: 'ostro.test.v1.EchoService/Fail',
      attributes: { 'rpc.service': 'ostro.test.v1.EchoService', 'rpc.method': 'Fail', 'rpc.grpc.status_code': 13 },
    });
    expect(log.some((line) => line.includes('"request_id":"req_7"') && line.includes(traceId))).toBe(true);
  });

  it('names an address that is taken', async () => {
    const bind = { host: '127.0.0.1', port: server.port };
    const again = startGrpcServer(EchoModule, options({ bind }));
    await expect(again).rejects.toMatchObject({
      reason: 'ADDRESS_IN_USE',
      details: { address: `127.0.0.1:${bind.port}` },
    });
  });

  it('cuts calls that outlast the drain when it closes', async () => {
    const brief = await startGrpcServer(EchoModule, options({ drainMs: 20 }));
    seen.waiting = 0;
    const failed = failureOf(client(cell.api, { address: `127.0.0.1:${brief.port}` }).wait({ text: '' }));
    await until(() => seen.waiting > 0);
    await brief.close();
    expect(['UNAVAILABLE', 'CANCELLED']).toContain((await failed).code);
  });
});

function rawClient(identity: TlsIdentity, port: number): Client {
  const { ca, key, cert } = mutualTls(identity);
  const ssl = credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
  const raw = new Client(`localhost:${port}`, ssl);
  closing.push(() => raw.close());
  return raw;
}

function call(raw: Client, method: ServiceDefinition[string], request: unknown): Promise<unknown> {
  return new Promise((resolve, reject) =>
    raw.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      (error, response) => (error ? reject(error) : resolve(response)),
    ),
  );
}

/** The health service's own descriptor, as a set: a real one without a compiler. */
async function descriptorSet(): Promise<Uint8Array> {
  const method = Object.values(healthService)[0] as unknown as { requestType: { fileDescriptorProtos: Buffer[] } };
  const { BinaryWriter } = await import('@bufbuild/protobuf/wire');
  const writer = new BinaryWriter();
  for (const file of method.requestType.fileDescriptorProtos) writer.uint32((1 << 3) | 2).bytes(file);
  return writer.finish();
}
