import { setImmediate } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceDefinition } from '@grpc/grpc-js';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { DomainError } from '@ostro/kernel';
import { mutualTls, type TlsIdentity } from '@ostro/pki';
import { createLogger, startTelemetry } from '@ostro/telemetry';
import {
  grpcClient,
  type GrpcClientOptions,
  type GrpcServerOptions,
  type RunningGrpcServer,
  startGrpcServer,
} from '../src/index.ts';
import { foundCell, type TestCell } from './cell.ts';
import { ECHO_ACCESS, EchoModule, EchoService } from './echo.ts';

/** Keeps what was exported over a shutdown, which empties the exporter it extends. */
export class KeptSpans extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** An echo server of a cell of its own, and clients of it. */
export class EchoHost {
  readonly log: string[] = [];
  readonly spans = new KeptSpans();
  readonly telemetry = startTelemetry({
    service: 'identity',
    instance: 'i',
    version: '1',
    sampleRatio: 1,
    exporter: this.spans,
  });
  readonly #clients: { close(): void }[] = [];
  cell!: TestCell;
  server!: RunningGrpcServer;

  async start(): Promise<void> {
    this.cell = await foundCell();
    this.server = await this.another();
  }

  /** A second server of the same cell; the test closes it. */
  another(overrides: Partial<GrpcServerOptions> = {}): Promise<RunningGrpcServer> {
    return startGrpcServer(EchoModule, {
      bind: { host: '127.0.0.1', port: 0 },
      services: [EchoService],
      access: ECHO_ACCESS,
      identity: this.cell.identity,
      logger: createLogger({
        service: 'identity',
        level: 'info',
        destination: { write: (line) => void this.log.push(line) },
      }),
      drainMs: 200,
      tracer: this.telemetry.tracer,
      ...overrides,
    });
  }

  client(identity: GrpcClientOptions['identity'] = this.cell.api, overrides: Partial<GrpcClientOptions> = {}) {
    const address = { host: '127.0.0.1', port: this.server.port };
    return this.#kept(grpcClient(EchoService, { address, identity, expectedService: 'identity', ...overrides }));
  }

  /** A client without our manners: no deadline, no check of the server's name. */
  rawClient(identity: TlsIdentity | undefined, port = this.server.port): Client {
    if (!identity) return this.#kept(new Client(`127.0.0.1:${port}`, credentials.createInsecure()));
    const { ca, key, cert } = mutualTls(identity);
    const ssl = credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
    return this.#kept(new Client(`localhost:${port}`, ssl));
  }

  closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.telemetry.shutdown();
    await this.cell.remove();
  }

  #kept<T extends { close(): void }>(client: T): T {
    this.#clients.push(client);
    return client;
  }
}

export function rawCall(raw: Client, method: ServiceDefinition[string], request: unknown): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) =>
    raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

export async function failureOf(promise: Promise<unknown>): Promise<DomainError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof DomainError) return error;
  throw error;
}
