import { randomBytes } from 'node:crypto';
import { DomainError, type Id } from '@ostro/kernel';
import { type IdempotentRequest, onceByRequestId, type TransactionRunner } from '@ostro/persistence';
import type { AccessClaims } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { AuditLog } from '../audit/audit-log.ts';
import { type ApiKey, checkedModels } from '../domain/api-key.ts';
import { API_KEY_FORMAT } from '../domain/checksummed-secret.ts';
import { assertMayHandOut, assertMayManageKeysOf, grantOf } from '../domain/grant.ts';
import { API_KEY_LIFETIME, expiryOf } from '../domain/lifetime.ts';
import { checkedLabel } from '../domain/names.ts';
import { checkedScopes } from '../domain/scopes.ts';
import type { OrganizationsRepository } from '../organizations/organizations.repository.ts';
import type { PrincipalsRepository } from '../principals/principals.repository.ts';
import { digestOf } from '../secret-digest.ts';
import type { KeyChanges } from './key-changes.ts';

export interface NewKey {
  readonly projectId: Id<'prj'>;
  readonly principalId: Id<'prn'>;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly allowedModels: readonly string[];
  readonly ttlSeconds: bigint;
}

/** A key at its birth: the only moment its secret is known. */
export interface IssuedKey {
  readonly key: ApiKey;
  readonly secret: string;
}

export class KeyIssuer {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly organizations: OrganizationsRepository,
    private readonly principals: PrincipalsRepository,
    private readonly changes: KeyChanges,
    private readonly audit: AuditLog,
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
  ) {}

  /** @throws DomainError ALREADY_EXISTS (KEY_ALREADY_CREATED) for a repeat: nobody can show the secret again. */
  async issue(request: IdempotentRequest, bearer: AccessClaims, input: NewKey): Promise<IssuedKey> {
    const { organizationId } = bearer;
    assertMayManageKeysOf(input.principalId, bearer);
    const now = this.context.clock.now();
    const secret = API_KEY_FORMAT.generate(randomBytes);
    const draft = {
      id: this.context.ids('key'),
      organizationId,
      principalId: input.principalId,
      name: checkedLabel(input.name, 'name'),
      prefix: API_KEY_FORMAT.hintOf(secret),
      secretSha256: digestOf(secret),
      scopes: checkedScopes(input.scopes),
      allowedModels: checkedModels(input.allowedModels),
      createdAt: now,
      expiresAt: expiryOf(now, input.ttlSeconds, API_KEY_LIFETIME),
      hasLostRights: false,
      generation: 0n,
    };
    return this.transactions.run(async (tx) => {
      let key: ApiKey | undefined;
      const { resourceId } = await onceByRequestId(tx, request, async () => {
        const project = await this.organizations.getProject(tx, bearer, input.projectId);
        const owner = await this.principals.getUnchanging(tx, organizationId, input.principalId);
        const grant = grantOf({ scopes: draft.scopes, projectId: project.id }, owner.roleBindings);
        assertMayHandOut(grant, bearer.permissions);
        const whole = { ...draft, projectId: project.id, effectiveScopes: grant.scopes };
        [key] = await this.changes.save(tx, [whole]);
        await this.audit.append(tx, { organizationId, action: 'api_key.created', subjectId: draft.id, after: whole });
        return draft.id;
      });
      if (!key) throw alreadyCreated(resourceId);
      return { key, secret };
    });
  }
}

function alreadyCreated(keyId: string): DomainError {
  return new DomainError(
    'ALREADY_EXISTS',
    'KEY_ALREADY_CREATED',
    `this request created ${keyId}, whose secret was shown then; revoke it and create another if the secret is lost`,
    { details: { key_id: keyId } },
  );
}
