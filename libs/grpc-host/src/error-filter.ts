import { randomUUID } from 'node:crypto';
import { DomainError, isDomainError } from '@ostro/kernel';
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import type { Logger } from '@ostro/telemetry';
import { type Observable, throwError } from 'rxjs';
import { toStatus } from './status.ts';

/** Turns whatever a handler throws into the status its client receives. */
@Catch()
export class GrpcErrorFilter implements RpcExceptionFilter {
  readonly #logger: Pick<Logger, 'error'>;

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  catch(exception: unknown): Observable<never> {
    const status = toStatus(domainErrorOf(exception, this.#logger));
    return throwError(() => status);
  }
}

/**
 * The error itself when it is ours. Anything else is a bug or lost I/O: it is logged under a reference, and the
 * reference is all that leaves the process.
 */
export function domainErrorOf(error: unknown, logger: Pick<Logger, 'error'>): DomainError {
  if (isDomainError(error)) {
    if (error.code === 'INTERNAL' || error.code === 'DATA_LOSS') logger.error({ err: error }, 'a call failed');
    return error;
  }
  const reference = randomUUID();
  logger.error({ err: error, reference }, 'a call failed for a reason nobody foresaw');
  return new DomainError(
    'INTERNAL',
    'INTERNAL',
    `something went wrong on our side; try again, and quote the reference ${reference} if it stays`,
    { details: { reference } },
  );
}
