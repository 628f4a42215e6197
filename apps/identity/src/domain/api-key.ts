import { DomainError, type Id } from '@ostro/kernel';

export type RevocationReason = 'requested' | 'compromised' | 'principal_changed';

/** A key as identity holds it: never its secret. */
export interface ApiKey {
  readonly id: Id<'key'>;
  readonly organizationId: Id<'org'>;
  readonly projectId: Id<'prj'>;
  readonly principalId: Id<'prn'>;
  readonly name: string;
  readonly prefix: string;
  readonly secretSha256: Uint8Array;
  readonly scopes: readonly string[];
  /** The scopes left after its owner's roles: what gateways were told last. */
  readonly effectiveScopes: readonly string[];
  readonly allowedModels: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Present once it is revoked, which is for ever. */
  readonly revocation?: { readonly reason: RevocationReason; readonly at: Date };
  /** Whether it ever lost rights: then gateways must hear of it on both channels. */
  readonly hasLostRights: boolean;
  readonly generation: bigint;
}

/**
 * The key as revoked, or undefined when nothing changes. A leak outranks every other reason, since it also ends
 * running streams; otherwise the first reason stays.
 */
export function revoked(key: ApiKey, reason: RevocationReason, at: Date): ApiKey | undefined {
  const isEscalation = reason === 'compromised' && key.revocation?.reason !== 'compromised';
  if (key.revocation && !isEscalation) return undefined;
  return { ...key, revocation: { reason, at }, hasLostRights: true };
}

/** The key under its owner's present roles, or undefined when gateways need not hear of it. */
export function regranted(key: ApiKey, effectiveScopes: readonly string[]): ApiKey | undefined {
  const lost = key.effectiveScopes.some((scope) => !effectiveScopes.includes(scope));
  const gained = effectiveScopes.some((scope) => !key.effectiveScopes.includes(scope));
  if (!lost && !gained) return undefined;
  return { ...key, effectiveScopes, hasLostRights: key.hasLostRights || lost };
}

/** @throws DomainError UNAUTHENTICATED (KEY_REVOKED, KEY_EXPIRED) */
export function assertUsable(key: ApiKey, now: Date): void {
  if (key.revocation) {
    throw new DomainError('UNAUTHENTICATED', 'KEY_REVOKED', 'this key was revoked; create a new one', {
      details: { key_id: key.id },
    });
  }
  if (now >= key.expiresAt) {
    throw new DomainError(
      'UNAUTHENTICATED',
      'KEY_EXPIRED',
      `this key expired at ${key.expiresAt.toISOString()}; create a new one`,
      { details: { key_id: key.id } },
    );
  }
}

const MODEL = /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}$/;

/** Endpoint names, or "*" alone. @throws DomainError INVALID_ARGUMENT (INVALID_ALLOWED_MODELS) */
export function checkedModels(models: readonly string[]): readonly string[] {
  const isEverything = models.length === 1 && models[0] === '*';
  if (isEverything || models.every((model) => MODEL.test(model))) return [...new Set(models)].sort();
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_ALLOWED_MODELS',
    'allowed_models holds endpoint names, or "*" alone for all of them',
    { details: { field: 'allowed_models' } },
  );
}
