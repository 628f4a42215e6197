import {
  type Metadata,
  type ServerInterceptor,
  ServerInterceptingCall,
  type ServerListener,
  status as Status,
} from '@grpc/grpc-js';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { DomainError } from '@ostro/kernel';
import { type Logger, withRequestId } from '@ostro/telemetry';
import type { AccessControl } from './access.ts';
import type { Caller } from './caller.ts';
import { calls, type Call } from './current-call.ts';
import { domainErrorOf } from './error-filter.ts';
import { REQUEST_ID_KEY, TRACE_CARRIER } from './metadata.ts';
import { toStatus, type WireStatus } from './status.ts';

type InterceptedCall = Parameters<ServerInterceptor>[1];
type MethodDefinition = Parameters<ServerInterceptor>[0];

export interface CallOptions {
  readonly access: AccessControl;
  readonly tracer: Tracer;
  readonly logger: Pick<Logger, 'error'>;
  /** For unary calls that bring none: a handler never works for ever for a client that may be gone. */
  readonly defaultDeadlineMs: number;
}

/** What every call passes through before its handler: trace, admission, deadline, and the current call. */
export function callInterceptor(options: CallOptions): ServerInterceptor {
  return (method, call) => new CallScope(method, call, options).intercepted;
}

class CallScope {
  readonly intercepted: ServerInterceptingCall;
  readonly #method: MethodDefinition;
  readonly #call: InterceptedCall;
  readonly #options: CallOptions;
  readonly #abort = new AbortController();
  #span: Span | undefined;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;
  /** Runs a step of the call in the call's own context; set once the caller is admitted. */
  #enter = (step: () => void): void => step();

  constructor(method: MethodDefinition, call: InterceptedCall, options: CallOptions) {
    this.#method = method;
    this.#call = call;
    this.#options = options;
    this.intercepted = new ServerInterceptingCall(call, {
      start: (next) => next(this.#listener()),
      sendStatus: (status, next) => {
        this.#finish(status.code ?? Status.UNKNOWN);
        next(status);
      },
    });
  }

  #listener(): ServerListener {
    return {
      onReceiveMetadata: (metadata, next) => void this.#begin(metadata, () => next(metadata)),
      onReceiveMessage: (message: unknown, next) => this.#enter(() => next(message)),
      onReceiveHalfClose: (next) => this.#enter(() => next()),
      onCancel: () => this.#cancelled(),
    };
  }

  async #begin(metadata: Metadata, next: () => void): Promise<void> {
    const parent = propagation.extract(context.active(), metadata, TRACE_CARRIER);
    const [service, name] = this.#method.path.slice(1).split('/');
    this.#span = this.#options.tracer.startSpan(
      this.#method.path.slice(1),
      {
        kind: SpanKind.SERVER,
        attributes: { 'rpc.system': 'grpc', 'rpc.service': service ?? '', 'rpc.method': name ?? '' },
      },
      parent,
    );
    try {
      const certificate = this.#call.getAuthContext().sslPeerCertificate?.raw;
      const caller = await this.#options.access.admit(this.#method.path, metadata, certificate);
      this.#enter = this.#entrance(caller, metadata, trace.setSpan(parent, this.#span));
      this.#enter(next);
    } catch (error) {
      this.#end(toStatus(domainErrorOf(error, this.#options.logger)));
    }
  }

  #entrance(caller: Caller, metadata: Metadata, traced: ReturnType<typeof context.active>) {
    const deadline = this.#deadline();
    const call: Call = {
      method: this.#method.path,
      caller,
      signal: this.#abort.signal,
      ...(deadline && { deadline }),
    };
    const requestId = metadata.get(REQUEST_ID_KEY)[0];
    return (step: () => void): void =>
      context.with(traced, () =>
        calls.run(call, () => (typeof requestId === 'string' ? withRequestId(requestId, step) : step())),
      );
  }

  #deadline(): Date | undefined {
    const given = new Date(this.#call.getDeadline());
    if (!Number.isNaN(given.getTime())) return given;
    if (this.#method.requestStream || this.#method.responseStream) return undefined;
    const ms = this.#options.defaultDeadlineMs;
    this.#timer = setTimeout(() => {
      this.#abort.abort(deadlineExceeded());
      this.#end(toStatus(deadlineExceeded()));
    }, ms).unref();
    return new Date(Date.now() + ms);
  }

  /** grpc-js reports a client that went away, a deadline that passed and a call that ended alike. */
  #cancelled(): void {
    if (this.#finished) return;
    const late = new Date(this.#call.getDeadline()).getTime() <= Date.now();
    this.#abort.abort(late ? deadlineExceeded() : new DomainError('CANCELLED', 'CALL_CANCELLED', 'the client is gone'));
    this.#finish(late ? Status.DEADLINE_EXCEEDED : Status.CANCELLED);
  }

  #end(status: WireStatus): void {
    this.#finish(status.code);
    this.#call.sendStatus(status);
  }

  #finish(code: Status): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#span?.setAttribute('rpc.grpc.status_code', code);
    if (code !== Status.OK) this.#span?.setStatus({ code: SpanStatusCode.ERROR, message: Status[code] });
    this.#span?.end();
  }
}

function deadlineExceeded(): DomainError {
  return new DomainError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline passed before the answer was ready');
}
