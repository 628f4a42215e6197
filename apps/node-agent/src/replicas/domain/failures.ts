/** A failure of one step of a replica. */
export interface Failure {
  /** Stable word. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  readonly lastLogLines: readonly string[];
}

/** `never`: the same thing would happen again. `always`: somebody else's outage, which passes. */
export type Retry = 'never' | 'a few times' | 'always';

/** Of a model server that ended by itself. */
const RESTARTS: Readonly<Record<string, Retry>> = {
  cpu_unsupported: 'never',
  bad_arguments: 'never',
};

export function retryAfterExit(reason: string): Retry {
  return RESTARTS[reason] ?? 'a few times';
}

/** Of a pull or a start, by the code of its error. */
export function retryAfterError(code: string): Retry {
  if (code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED') return 'always';
  return code === 'INVALID_ARGUMENT' ? 'never' : 'a few times';
}

/** Failures in a row after which a replica is given up. */
export const MOST_FAILURES = 5;

/** Serving this long wipes out the failures before it. */
export const STABLE_AFTER_MS = 5 * 60_000;

export function isGivenUp(retry: Retry, failuresInARow: number): boolean {
  return retry === 'never' || (retry === 'a few times' && failuresInARow >= MOST_FAILURES);
}
