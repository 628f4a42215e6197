import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { DomainError } from '@ostro/kernel';
import type { FastifyRequest } from 'fastify';
import type { RequestHeader } from './operation.ts';

export const ifMatchHeader: RequestHeader = {
  name: 'if-match',
  description: 'The generation you have read: the change is refused with 409 when it has another by now.',
  required: false,
};

/** The generation that a change must still find, from If-Match; absent: any. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): bigint | undefined => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined) return undefined;
  const [, digits] = /^"?(\d{1,15})"?$/.exec(header) ?? [];
  if (digits !== undefined) return BigInt(digits);
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_IF_MATCH',
    'If-Match is the generation you have read, such as "3"; for an alias 0 means that it must not exist',
  );
});
