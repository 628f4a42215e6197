import { DomainError, isDomainError } from '@ostro/kernel';

interface PostgresError {
  readonly code?: string;
  readonly constraint?: string;
}

/** The driver's own error: TypeORM wraps it, and copies only some of its fields. */
function postgresError(error: unknown): PostgresError {
  const wrapped = (error as { driverError?: PostgresError } | null)?.driverError;
  return wrapped ?? (error as PostgresError | null) ?? {};
}

/** Did the write collide with an existing row? With a constraint name: with that rule and no other. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = postgresError(error);
  return code === '23505' && (constraint === undefined || violated === constraint);
}

export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = postgresError(error);
  return code === '23503' && (constraint === undefined || violated === constraint);
}

/** Serialization failure or deadlock: nothing was written, and the same work may well succeed when run again. */
export function isTransactionConflict(error: unknown): boolean {
  const { code } = postgresError(error);
  return code === '40001' || code === '40P01';
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // a unix socket that is gone
  '53300', // too many connections
  '57P01', // shut down by an administrator
  '57P02',
  '57P03', // still starting
  '25P03', // idle in transaction for too long: the session is gone
]);

// node-postgres gives these no code.
const LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed)/;

/** Is the database gone rather than the statement wrong? The outcome of a commit under way is then unknown. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const { code } = postgresError(error);
  if (code !== undefined && (UNREACHABLE.has(code) || code.startsWith('08'))) return true;
  return error instanceof Error && LOST.test(error.message);
}

/** PostgreSQL keeps no U+0000: in a text it is 22021, in jsonb 22P05. Only a caller's words can hold one. */
function holdsUnstorableText(error: unknown): boolean {
  const { code } = postgresError(error);
  return code === '22021' || code === '22P05';
}

/**
 * What a caller outside the database should hear. Errors of the domain and errors that only a person can mend
 * (syntax, constraints nobody expected) pass unchanged: hiding a bug behind a polite code would keep it alive.
 */
export function toDomainError(error: unknown): unknown {
  if (isDomainError(error)) return error;
  if (isDatabaseUnavailable(error)) {
    return new DomainError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'the database does not answer: retry with backoff', {
      cause: error,
    });
  }
  if (isTransactionConflict(error)) {
    return new DomainError('ABORTED', 'TRANSACTION_CONFLICT', 'others kept changing the same rows: retry later', {
      cause: error,
    });
  }
  if (holdsUnstorableText(error)) {
    const message = 'a text holds a character that cannot be stored (U+0000): leave it out';
    return new DomainError('INVALID_ARGUMENT', 'TEXT_NOT_STORABLE', message, { cause: error });
  }
  if (postgresError(error).code === '57014') {
    return new DomainError('DEADLINE_EXCEEDED', 'STATEMENT_TIMEOUT', 'the database took too long: retry later', {
      cause: error,
    });
  }
  return error;
}
