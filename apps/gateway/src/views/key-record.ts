import { createHash } from 'node:crypto';
import { identityV1 } from '@ostro/contracts';
import type { KnownKey } from '../domain/authenticate.ts';

/** How keys are looked up: the secret itself is kept nowhere. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function keyDigest(record: identityV1.ApiKeyRecord): string {
  return Buffer.from(record.keySha256).toString('hex');
}

export function fromProto(record: identityV1.ApiKeyRecord): KnownKey {
  const { keyId, organizationId, projectId, principalId, scopes, allowedModels, epoch, generation } = record;
  return {
    keyId,
    organizationId,
    projectId,
    principalId,
    scopes,
    allowedModels,
    isActive: record.state === identityV1.ApiKeyState.API_KEY_STATE_ACTIVE,
    isCompromised: record.revocationReason === identityV1.RevocationReason.REVOCATION_REASON_COMPROMISED,
    expiresAt: record.expireTime,
    generation: { epoch, generation },
  };
}
