import { identityV1 } from '@ostro/contracts';
import type { ApiKey, RevocationReason } from '../domain/api-key.ts';

const REASONS: Readonly<Record<RevocationReason, identityV1.RevocationReason>> = {
  requested: identityV1.RevocationReason.REVOCATION_REASON_REQUESTED,
  compromised: identityV1.RevocationReason.REVOCATION_REASON_COMPROMISED,
  principal_changed: identityV1.RevocationReason.REVOCATION_REASON_PRINCIPAL_CHANGED,
};

export function revocationToProto({ revocation }: ApiKey) {
  return {
    state: revocation ? identityV1.ApiKeyState.API_KEY_STATE_REVOKED : identityV1.ApiKeyState.API_KEY_STATE_ACTIVE,
    revocationReason: revocation
      ? REASONS[revocation.reason]
      : identityV1.RevocationReason.REVOCATION_REASON_UNSPECIFIED,
  };
}

/** A key as gateways hold it. The owner's present epoch outranks whatever they kept from before a restore. */
export function toRecord(key: ApiKey, owner: { cellId: string; epoch: bigint }): identityV1.ApiKeyRecord {
  return {
    keyId: key.id,
    keySha256: Buffer.from(key.secretSha256),
    organizationId: key.organizationId,
    projectId: key.projectId,
    principalId: key.principalId,
    scopes: [...key.effectiveScopes],
    allowedModels: [...key.allowedModels],
    ...revocationToProto(key),
    expireTime: key.expiresAt,
    minPolicyVersion: 0n,
    cellId: owner.cellId,
    epoch: owner.epoch,
    generation: key.generation,
  };
}
