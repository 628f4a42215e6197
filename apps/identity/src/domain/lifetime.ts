import { DomainError } from '@ostro/kernel';

const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;

export interface Lifetime {
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

export const API_KEY_LIFETIME: Lifetime = { defaultSeconds: 90 * DAY_S, maxSeconds: 365 * DAY_S };
export const JOIN_TOKEN_LIFETIME: Lifetime = { defaultSeconds: 15 * MINUTE_S, maxSeconds: 60 * MINUTE_S };

/** When something made now ends. 0 means the default. @throws DomainError INVALID_ARGUMENT (INVALID_TTL) */
export function expiryOf(now: Date, ttlSeconds: bigint, { defaultSeconds, maxSeconds }: Lifetime): Date {
  if (ttlSeconds < 0n || ttlSeconds > BigInt(maxSeconds)) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'INVALID_TTL',
      `ttl_seconds is 1 to ${maxSeconds}; 0 means ${defaultSeconds}`,
      { details: { field: 'ttl_seconds' } },
    );
  }
  return new Date(now.getTime() + (Number(ttlSeconds) || defaultSeconds) * 1_000);
}
