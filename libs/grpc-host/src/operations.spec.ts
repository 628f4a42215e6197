import { once } from 'node:events';
import { createRequire } from 'node:module';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { startTelemetry, withRequestId, withSpan } from '@ostro/telemetry';
import { service as healthService } from 'grpc-health-check';
import { seen } from '../test/echo.ts';
import { EchoHost, failureOf, KeptSpans, rawCall, until } from '../test/echo-host.ts';

const echo = new EchoHost();
beforeAll(() => echo.start());
afterEach(() => echo.closeClients());
afterAll(() => echo.stop());

describe('operations', () => {
  it('answers health, by server and by service, and changes it', async () => {
    const check = (healthService as unknown as ServiceDefinition)['Check']!;
    const raw = echo.rawClient(echo.cell.api, echo.server.port);
    const ask = (service: string) => rawCall(raw, check, { service });
    expect(await ask('')).toMatchObject({ status: 'SERVING' });
    expect(await ask('ostro.test.v1.EchoService')).toMatchObject({ status: 'SERVING' });
    echo.server.setServing(false);
    expect(await ask('')).toMatchObject({ status: 'NOT_SERVING' });
    echo.server.setServing(true);
    await expect(
      rawCall(echo.rawClient(echo.cell.node, echo.server.port), check, { service: '' }),
    ).rejects.toMatchObject({ code: 7 });
  });

  it('describes its messages to a reflection client', async () => {
    const described = await echo.another({ descriptorSet: healthDescriptorSet() });
    const require = createRequire(import.meta.url);
    const proto = require.resolve('@grpc/reflection').replace(/src.*/, 'proto/grpc/reflection/v1/reflection.proto');
    const reflection = loadSync(proto, { keepCase: true })['grpc.reflection.v1.ServerReflection'] as ServiceDefinition;
    const { path, requestSerialize, responseDeserialize } = reflection['ServerReflectionInfo']!;
    const raw = echo.rawClient(echo.cell.api, described.port);
    const stream = raw.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const ask = async (question: object) => {
      stream.write(question);
      const [answer] = (await once(stream, 'data')) as [Record<string, unknown>];
      return answer;
    };
    expect(await ask({ file_containing_symbol: 'grpc.health.v1.HealthCheckRequest' })).toMatchObject({
      file_descriptor_response: { file_descriptor_proto: [expect.any(Buffer)] },
    });
    expect(await ask({ file_containing_symbol: 'ostro.Nothing' })).toMatchObject({ error_response: { error_code: 5 } });
    stream.end();
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
        echo
          .client()
          .fail({ text: 'bug' })
          .catch(() => undefined),
      );
    });
    await echo.telemetry.shutdown();
    const span = echo.spans.getFinishedSpans().find((finished) => finished.spanContext().traceId === traceId);
    expect(span).toMatchObject({
      name: 'ostro.test.v1.EchoService/Fail',
      attributes: { 'rpc.service': 'ostro.test.v1.EchoService', 'rpc.method': 'Fail', 'rpc.grpc.status_code': 13 },
    });
    expect(echo.log.some((line) => line.includes('"request_id":"req_7"') && line.includes(traceId))).toBe(true);
  });

  it('names an address that is taken', async () => {
    const bind = { host: '127.0.0.1', port: echo.server.port };
    const again = echo.another({ bind });
    await expect(again).rejects.toMatchObject({
      reason: 'ADDRESS_IN_USE',
      details: { address: `127.0.0.1:${bind.port}` },
    });
  });

  it('cuts calls that outlast the drain when it closes', async () => {
    const brief = await echo.another({ drainMs: 20 });
    seen.waiting = 0;
    const failed = failureOf(echo.client(echo.cell.api, { address: `127.0.0.1:${brief.port}` }).wait({ text: '' }));
    await until(() => seen.waiting > 0);
    await brief.close();
    expect(['UNAVAILABLE', 'CANCELLED']).toContain((await failed).code);
  });
});

/** The health service's own descriptor as a set: a real one without a compiler. */
function healthDescriptorSet(): Uint8Array {
  const method = Object.values(healthService)[0] as unknown as { requestType: { fileDescriptorProtos: Buffer[] } };
  const writer = new BinaryWriter();
  for (const file of method.requestType.fileDescriptorProtos) writer.uint32((1 << 3) | 2).bytes(file);
  return writer.finish();
}
