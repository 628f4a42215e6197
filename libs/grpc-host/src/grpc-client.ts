import { createSecureContext } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { context, propagation } from '@opentelemetry/api';
import { DomainError, isDomainError, Sensitive } from '@ostro/kernel';
import { expectPeer, mutualTls, type TlsIdentity } from '@ostro/pki';
import { currentRequestId } from '@ostro/telemetry';
import { duplex, incoming, upload } from './client-streams.ts';
import type { CallSettings, Definition, GrpcClient } from './client-types.ts';
import { REQUEST_ID_KEY, TRACE_CARRIER } from './metadata.ts';
import { fromStatus } from './status.ts';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 50;

export interface GrpcClientOptions {
  readonly address: string | { readonly host: string; readonly port: number };
  /** Without `tls` only methods open to `anyone` answer: that is how a node enrols. */
  readonly identity: TlsIdentity | Pick<TlsIdentity, 'caPem'>;
  /** The service that must be at the address; its certificate proves it. */
  readonly expectedService: string;
  /** For calls with a single answer; 5 s. */
  readonly defaultDeadlineMs?: number;
}

type AnyMethod = MethodDefinition<unknown, unknown>;
type UnaryCallback = (error: ServiceError | null, response?: unknown) => void;

/** A typed client. It connects on the first call, reconnects by itself, and every call has a deadline. */
export function grpcClient<D extends Definition>(definition: D, options: GrpcClientOptions): GrpcClient<D> {
  const channel = new Channel(options);
  const methods = Object.entries(definition as unknown as Record<string, AnyMethod>).map(([name, method]) => [
    name,
    channel.method(method),
  ]);
  return { ...Object.fromEntries(methods), close: () => channel.close() } as GrpcClient<D>;
}

class Channel {
  readonly #client: Client;
  readonly #options: GrpcClientOptions;
  readonly #address: string;

  constructor(options: GrpcClientOptions) {
    this.#options = options;
    this.#address = typeof options.address === 'string' ? options.address : addressOf(options.address);
    this.#client = new Client(this.#address, channelCredentials(options), {
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.service_config_disable_resolution': 1,
      // The name for SNI and for the check of the certificate; an IP address is none.
      'grpc.ssl_target_name_override': options.expectedService,
    });
  }

  close(): void {
    this.#client.close();
  }

  method(method: AnyMethod): unknown {
    if (method.requestStream) {
      return (settings: CallSettings = {}) =>
        method.responseStream ? this.#duplex(method, settings) : this.#upload(method, settings);
    }
    if (method.responseStream) {
      return (request: unknown, settings: CallSettings = {}) => this.#incoming(method, request, settings);
    }
    return (request: unknown, settings: CallSettings = {}) => this.#unary(method, request, settings);
  }

  async #unary(method: AnyMethod, request: unknown, settings: CallSettings): Promise<unknown> {
    const deadline = new Date(Date.now() + (settings.deadlineMs ?? this.#options.defaultDeadlineMs ?? 5_000));
    const attempts = settings.idempotent ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(method, request, settings, deadline);
      } catch (error) {
        if (attempt === attempts || !isUnavailable(error)) throw error;
        // Full jitter, so that the callers of a service that comes back do not come back together.
        const pauseMs = Math.random() * FIRST_PAUSE_MS * 4 ** attempt;
        if (Date.now() + pauseMs >= deadline.getTime()) throw error;
        await pause(pauseMs, settings.signal, method.path);
      }
    }
  }

  #attempt(method: AnyMethod, request: unknown, settings: CallSettings, deadline: Date): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const answered: UnaryCallback = (error, response) =>
        error ? reject(this.#translate(method)(error)) : resolve(response);
      const { path, requestSerialize, responseDeserialize } = method;
      const metadata = metadataOf(settings);
      const options = { deadline };
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        answered,
      );
      cancelOn(settings.signal, call);
    });
  }

  #incoming(method: AnyMethod, request: unknown, settings: CallSettings) {
    const { path, requestSerialize, responseDeserialize } = method;
    const [metadata, options] = [metadataOf(settings), streamOptions(settings)];
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
    );
    cancelOn(settings.signal, call);
    return incoming(call, this.#translate(method));
  }

  #duplex(method: AnyMethod, settings: CallSettings) {
    const { path, requestSerialize, responseDeserialize } = method;
    const [metadata, options] = [metadataOf(settings), streamOptions(settings)];
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
    cancelOn(settings.signal, call);
    return duplex(call, this.#translate(method));
  }

  #upload(method: AnyMethod, settings: CallSettings) {
    const { path, requestSerialize, responseDeserialize } = method;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const answered: UnaryCallback = (error, response) =>
      error ? reject(this.#translate(method)(error)) : resolve(response);
    const [metadata, options] = [metadataOf(settings), streamOptions(settings)];
    const call = this.#client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      options,
      answered,
    );
    cancelOn(settings.signal, call);
    return upload(call, promise, this.#translate(method));
  }

  #translate(method: AnyMethod): (error: ServiceError) => DomainError {
    const call = { service: this.#options.expectedService, method: method.path, address: this.#address };
    return (error) => fromStatus(error, call);
  }
}

function channelCredentials({ identity, expectedService }: GrpcClientOptions) {
  const secureContext =
    'tls' in identity
      ? createSecureContext(mutualTls(identity))
      : createSecureContext({ ca: identity.caPem, minVersion: 'TLSv1.3' });
  const checkServerIdentity = expectPeer({ kind: 'service', name: expectedService });
  return credentials.createFromSecureContext(secureContext, { checkServerIdentity });
}

function metadataOf({ token, metadata: extra = {} }: CallSettings): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(extra)) metadata.set(key, value);
  propagation.inject(context.active(), metadata, TRACE_CARRIER);
  const requestId = currentRequestId();
  if (requestId !== undefined) metadata.set(REQUEST_ID_KEY, requestId);
  if (token !== undefined)
    metadata.set('authorization', `Bearer ${token instanceof Sensitive ? token.reveal() : token}`);
  return metadata;
}

function streamOptions({ deadlineMs }: CallSettings): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: new Date(Date.now() + deadlineMs) };
}

function cancelOn(
  signal: AbortSignal | undefined,
  call: { cancel(): void; on(event: 'status', listener: () => void): unknown },
): void {
  if (!signal) return;
  const cancel = () => call.cancel();
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  call.on('status', () => signal.removeEventListener('abort', cancel));
}

function addressOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isUnavailable(error: unknown): boolean {
  return isDomainError(error) && error.code === 'UNAVAILABLE';
}

async function pause(ms: number, signal: AbortSignal | undefined, path: string): Promise<void> {
  try {
    await delay(ms, undefined, signal && { signal });
  } catch (cause) {
    throw new DomainError('CANCELLED', 'CALL_CANCELLED', `${path} was cancelled by its caller`, { cause });
  }
}
