import type { Generation } from '@ostro/kernel';
import { isWellFormedSecret } from './api-key-secret.ts';
import { Refusal, unauthenticated } from './refusal.ts';

/** A key as the view of keys holds it. */
export interface KnownKey {
  readonly keyId: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly principalId: string;
  readonly scopes: readonly string[];
  readonly allowedModels: readonly string[];
  readonly isActive: boolean;
  /** Revoked because it leaked: streams that it started end too. */
  readonly isCompromised: boolean;
  readonly expiresAt: Date | undefined;
  readonly generation: Generation;
}

const BEARER = /^Bearer +(\S+) *$/i;

/** The secret in an Authorization header. Whether it is a key of ours is not asked yet. */
export function bearerSecret(authorization: string | undefined): string | Refusal {
  const secret = BEARER.exec(authorization ?? '')?.[1];
  return (
    secret ??
    unauthenticated(
      "You didn't provide an API key. Send it in an Authorization header using Bearer auth: Authorization: Bearer YOUR_KEY.",
    )
  );
}

/** The key that calls. A text that cannot be a key is refused by its checksum, before it is hashed or looked up. */
export function authenticate(
  secret: string,
  find: (secret: string) => KnownKey | undefined,
  now: Date,
): KnownKey | Refusal {
  if (!isWellFormedSecret(secret)) return incorrect(secret, 'It is not a whole Ostro key: copy it again.');
  const key = find(secret);
  if (key === undefined) return incorrect(secret, 'It is not known here: check it, or create a new one.');
  if (!key.isActive) return incorrect(secret, 'It was revoked: create a new one.');
  if (key.expiresAt !== undefined && now >= key.expiresAt) {
    return incorrect(secret, `It expired at ${key.expiresAt.toISOString()}: create a new one.`);
  }
  return key;
}

/** @returns a refusal unless the key may be used for inference. */
export function refuseWithoutInference(key: KnownKey): Refusal | undefined {
  if (key.scopes.includes('inference')) return undefined;
  return new Refusal({
    status: 403,
    type: 'invalid_request_error',
    code: 'missing_scope',
    message: 'You have insufficient permissions for this operation. Missing scopes: inference. Use a key that has it.',
  });
}

export function mayCallModel(key: KnownKey, name: string): boolean {
  return key.allowedModels.includes('*') || key.allowedModels.includes(name);
}

/** Shows at most what identity shows of a key in its lists. */
function incorrect(secret: string, why: string): Refusal {
  return unauthenticated(`Incorrect API key provided: ${secret.slice(0, 10)}***. ${why}`);
}
