import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { trace, type Tracer } from '@opentelemetry/api';
import { type Clock, DomainError, systemClock } from '@ostro/kernel';
import type { TlsIdentity } from '@ostro/pki';
import type { Logger } from '@ostro/telemetry';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { AccessControl, type AccessTable } from './access.ts';
import { callInterceptor } from './call-interceptor.ts';
import { addReflection } from './reflection.ts';
import { CellServerCredentials } from './server-credentials.ts';

export interface GrpcServerOptions {
  /** Port 0 takes a free one. */
  readonly bind: { readonly host: string; readonly port: number };
  /** ts-proto's service definitions (`XxxServiceService`). */
  readonly services: readonly ServiceDefinition[];
  /** Who may call what; it must cover every method of `services`. */
  readonly access: AccessTable;
  readonly identity: TlsIdentity;
  readonly logger: Logger;
  /** A serialised google.protobuf.FileDescriptorSet: switches reflection on. */
  readonly descriptorSet?: Uint8Array;
  readonly tracer?: Tracer;
  readonly clock?: Pick<Clock, 'now'>;
  /** For unary calls that bring no deadline; 30 s. */
  readonly defaultDeadlineMs?: number;
  /** How long `close` waits for calls in progress before it cuts them; 5 s. */
  readonly drainMs?: number;
}

/** Nest's gRPC transport on the cell's terms. Nest routes to handlers; who gets that far is decided before it. */
export class GrpcServer extends ServerGrpc {
  readonly #options: GrpcServerOptions;
  readonly #access: AccessControl;
  readonly #health = new HealthImplementation();
  #server: Server | undefined;
  #port = 0;

  /** @throws DomainError FAILED_PRECONDITION (METHOD_WITHOUT_ACCESS) */
  constructor(options: GrpcServerOptions) {
    const names = options.services.map(nameOf);
    super({
      package: [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))],
      packageDefinition: Object.fromEntries(
        options.services.map((service) => [nameOf(service), reporting(service, options.logger)]),
      ),
    });
    this.#options = options;
    this.#access = new AccessControl(options.access, options.services, {
      caPem: options.identity.caPem,
      clock: options.clock ?? systemClock,
    });
  }

  /** Where it listens, once it does. */
  get port(): number {
    return this.#port;
  }

  /** What gRPC health answers, for the whole server and each of its services. */
  setServing(serving: boolean): void {
    const status: ServingStatus = serving ? 'SERVING' : 'NOT_SERVING';
    for (const name of ['', ...this.#options.services.map(nameOf)]) this.#health.setStatus(name, status);
  }

  /** @throws DomainError UNAVAILABLE (ADDRESS_IN_USE or CANNOT_LISTEN) naming the address. */
  override async createClient(): Promise<Server> {
    const { logger, tracer, defaultDeadlineMs, identity, descriptorSet } = this.#options;
    const interceptor = callInterceptor({
      access: this.#access,
      tracer: tracer ?? trace.getTracer('ostro'),
      logger,
      defaultDeadlineMs: defaultDeadlineMs ?? 30_000,
    });
    const server = new Server({
      interceptors: [interceptor],
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 5_000,
    });
    this.#health.addToServer(server);
    if (descriptorSet) addReflection(server, descriptorSet, this.#options.services.map(nameOf));
    this.#port = await this.#listen(server, new CellServerCredentials(identity, this.#access.admitsAnyone));
    this.#server = server;
    return server;
  }

  override async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.setServing(false);
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, this.#options.drainMs ?? 5_000);
      server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    this.#server = undefined;
  }

  #listen(server: Server, credentials: CellServerCredentials): Promise<number> {
    const { host, port } = this.#options.bind;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      server.bindAsync(address, credentials, (error, bound) => {
        if (!error) return resolve(bound);
        const taken = error.message.includes('EADDRINUSE');
        const message = taken
          ? `${address} for gRPC is taken; stop what holds it or choose another port`
          : `cannot listen on ${address} for gRPC: ${error.message}`;
        const reason = taken ? 'ADDRESS_IN_USE' : 'CANNOT_LISTEN';
        reject(new DomainError('UNAVAILABLE', reason, message, { details: { address }, cause: error }));
      });
    });
  }
}

/** `ostro.identity.v1.ApiKeyService` */
function nameOf(service: ServiceDefinition): string {
  const path = Object.values(service)[0]?.path;
  if (path === undefined) throw new TypeError('a gRPC service without methods cannot be served');
  return path.split('/')[1]!;
}

/**
 * grpc-js answers an unencodable message with a bare INTERNAL and keeps the reason to itself; here it is logged. Most
 * often a handler left out a field that its type requires.
 */
function reporting(service: ServiceDefinition, logger: Logger): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const responseSerialize = (value: unknown): Buffer => {
      try {
        return method.responseSerialize(value);
      } catch (error) {
        logger.error({ err: error, method: method.path }, 'an answer cannot be encoded');
        throw error;
      }
    };
    return [name, { ...method, responseSerialize }];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
}
