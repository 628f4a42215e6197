import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { CallSettings } from '@ostro/grpc-host';
import type { Sensitive } from '@ostro/kernel';
import type { FastifyRequest } from 'fastify';

/** What a key may do now: identity's answer to it. */
export interface Grant {
  readonly token: Sensitive<string>;
  readonly organizationId: string;
  readonly projectId: string;
  readonly principalId: string;
  readonly keyId: string;
  readonly permissions: readonly string[];
}

const WRITE_DEADLINE_MS = 15_000;

/** Who makes a request of the management API, and how calls are made for them. */
export class Caller {
  readonly organizationId: string;
  /**
   * Makes a create happen once: the client's Idempotency-Key, or the request's own id, which is never the same twice.
   */
  readonly requestId: string;
  readonly grant: Grant;

  constructor(grant: Grant, requestId: string) {
    this.grant = grant;
    this.organizationId = grant.organizationId;
    this.requestId = requestId;
  }

  /** For calls that change nothing: they are tried again while a service restarts. */
  reads(): CallSettings {
    return { token: this.grant.token, idempotent: true };
  }

  /** For streams: they last as long as their reader stays. */
  follows(): CallSettings {
    return { token: this.grant.token };
  }

  writes(): CallSettings {
    return { token: this.grant.token, deadlineMs: WRITE_DEADLINE_MS };
  }
}

/** A request that passed the guard. */
export type RequestWithCaller = FastifyRequest & { caller?: Caller };

/** The caller, as an argument of a handler. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw new TypeError('a route that names its caller must not be @Public');
  return caller;
});
