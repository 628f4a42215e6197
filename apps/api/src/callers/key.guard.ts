import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '@ostro/kernel';
import type { FastifyRequest } from 'fastify';
import { Caller, type RequestWithCaller } from './caller.ts';
import { Grants } from './grants.ts';

const PUBLIC = 'ostro:public';

/** For the few routes that tell nothing about anybody. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Nobody gets further without a key, unless the route is @Public. What the key may do is decided by each service. */
@Injectable()
export class KeyGuard implements CanActivate {
  readonly #grants: Grants;
  readonly #reflector: Reflector;

  constructor(grants: Grants, reflector: Reflector) {
    this.#grants = grants;
    this.#reflector = reflector;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.#reflector.getAllAndOverride(PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<RequestWithCaller>();
    request.caller = new Caller(await this.#grants.of(bearer(request)), idempotencyKey(request));
    return true;
  }
}

function bearer({ headers }: FastifyRequest): string {
  const [, secret] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (secret !== undefined) return secret;
  throw new DomainError(
    'UNAUTHENTICATED',
    'KEY_REQUIRED',
    'send "authorization: Bearer <key>" with a key that has a manage scope',
  );
}

function idempotencyKey({ headers, id }: FastifyRequest): string {
  const given = headers['idempotency-key'];
  if (given === undefined) return id;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,64}$/.test(given)) return given;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_IDEMPOTENCY_KEY',
    'Idempotency-Key is 1 to 64 printable ASCII characters without spaces, such as a UUID',
  );
}
