import type { ClientDuplexStream, ClientReadableStream, ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import type { DomainError } from '@ostro/kernel';

/** What arrives: iterate it once. It throws the server's DomainError; leaving the loop cancels the call. */
export interface IncomingStream<T> extends AsyncIterable<T> {
  cancel(): void;
}

export interface OutgoingStream<T> {
  /** Resolves when there is room for more; throws the server's DomainError once the call has failed. */
  write(message: T): Promise<void>;
  end(): void;
  cancel(): void;
}

export type DuplexStream<Request, Response> = IncomingStream<Response> & OutgoingStream<Request>;

export interface UploadStream<Request, Response> extends OutgoingStream<Request> {
  readonly response: Promise<Response>;
}

type Translate = (error: ServiceError) => DomainError;

/** Why a stream failed, kept from the moment it did: the error may come before anybody iterates or writes. */
class Failure {
  error: DomainError | undefined;

  constructor(call: { on(event: 'error', listener: (error: ServiceError) => void): unknown }, translate: Translate) {
    call.on('error', (error) => {
      this.error ??= translate(error);
    });
  }

  throwIfAny(): void {
    if (this.error) throw this.error;
  }
}

export function incoming<T>(call: ClientReadableStream<T>, translate: Translate): IncomingStream<T> {
  return received(call, new Failure(call, translate));
}

export function duplex<Request, Response>(
  call: ClientDuplexStream<Request, Response>,
  translate: Translate,
): DuplexStream<Request, Response> {
  const failure = new Failure(call, translate);
  return { ...received(call, failure), ...sent(call, failure) };
}

export function upload<Request, Response>(
  call: ClientWritableStream<Request>,
  response: Promise<Response>,
  translate: Translate,
): UploadStream<Request, Response> {
  // A writer may fail and leave before it looks at the response; the failure is reported by write() then.
  response.catch(() => undefined);
  return { ...sent(call, new Failure(call, translate)), response };
}

function received<T>(call: ClientReadableStream<T>, failure: Failure): IncomingStream<T> {
  return {
    cancel: () => call.cancel(),
    async *[Symbol.asyncIterator]() {
      try {
        yield* call as AsyncIterable<T>;
      } catch (error) {
        failure.throwIfAny();
        throw error;
      } finally {
        call.cancel();
      }
      failure.throwIfAny();
    },
  };
}

function sent<T>(call: ClientWritableStream<T>, failure: Failure): OutgoingStream<T> {
  return {
    cancel: () => call.cancel(),
    end: () => void call.end(),
    write: async (message) => {
      failure.throwIfAny();
      if (!call.write(message)) await room(call);
      failure.throwIfAny();
    },
  };
}

function room<T>(call: ClientWritableStream<T>): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'status', 'error', 'close'];
    const done = () => {
      for (const event of events) call.off(event, done);
      resolve();
    };
    for (const event of events) call.on(event, done);
  });
}
