import { type Clock, DomainError, type Id } from '@ostro/kernel';
import type { TransactionRunner } from '@ostro/persistence';
import type { AccessTokens } from '@ostro/pki';
import { type ApiKey, assertUsable } from '../domain/api-key.ts';
import { API_KEY_FORMAT } from '../domain/checksummed-secret.ts';
import { type Grant, grantOf } from '../domain/grant.ts';
import { MANAGEMENT } from '../domain/permissions.ts';
import { OPERATOR } from '../domain/principal.ts';
import type { KeysRepository } from '../keys/keys.repository.ts';
import type { OrganizationsRepository } from '../organizations/organizations.repository.ts';
import type { PrincipalsRepository } from '../principals/principals.repository.ts';
import { digestOf, isSameDigest } from '../secret-digest.ts';

/** Also the longest that a revoked key lives on in the management plane. */
const TTL_SECONDS = 300;

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

export class TokensService {
  constructor(
    private readonly transactions: TransactionRunner,
    private readonly keys: KeysRepository,
    private readonly principals: PrincipalsRepository,
    private readonly organizations: OrganizationsRepository,
    private readonly tokens: AccessTokens,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /**
   * A token with the rights the key has at this moment.
   *
   * @throws DomainError UNAUTHENTICATED (KEY_MALFORMED, KEY_UNKNOWN, KEY_REVOKED, KEY_EXPIRED)
   */
  async exchange(secret: string): Promise<IssuedToken & { key: ApiKey; grant: Grant }> {
    if (!API_KEY_FORMAT.isWellFormed(secret)) throw malformed();
    const { key, grant } = await this.transactions.run(async (tx) => {
      const digest = digestOf(secret);
      const held = await this.keys.findBySecret(tx, digest);
      if (!held || !isSameDigest(held.secretSha256, digest)) throw unknown();
      const owner = await this.principals.get(tx, held.organizationId, held.principalId);
      return { key: held, grant: grantOf(held, owner.roleBindings) };
    });
    const now = this.clock.now();
    assertUsable(key, now);
    const ttlSeconds = Math.min(TTL_SECONDS, Math.ceil((key.expiresAt.getTime() - now.getTime()) / 1_000));
    const { organizationId, principalId, id: keyId } = key;
    const token = await this.#issue({ ...grant, organizationId, principalId, keyId }, ttlSeconds);
    return { ...token, key, grant };
  }

  /** For first set-up. The operator manages, and spends nothing: inference stays with keys of the organization. */
  async issueToOperator(organizationId: Id<'org'>): Promise<IssuedToken> {
    await this.transactions.run((tx) => this.organizations.get(tx, organizationId));
    return this.#issue({ ...OPERATOR, organizationId, permissions: MANAGEMENT }, TTL_SECONDS);
  }

  async #issue(grant: Omit<Parameters<AccessTokens['issue']>[0], 'ttlSeconds'>, ttlSeconds: number) {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1_000);
    const accessToken = await this.tokens.issue({ ...grant, ttlSeconds });
    return { accessToken, expiresAt: new Date((issuedAt + ttlSeconds) * 1_000) };
  }
}

function malformed(): DomainError {
  return new DomainError(
    'UNAUTHENTICATED',
    'KEY_MALFORMED',
    'this is no API key: one begins with "ostro_" and its checksum fits; copy it again, whole',
  );
}

function unknown(): DomainError {
  return new DomainError('UNAUTHENTICATED', 'KEY_UNKNOWN', 'no such key exists in this cell; create a new one');
}
