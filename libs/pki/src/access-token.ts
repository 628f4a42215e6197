import { type Clock, DomainError, type Id, isId } from '@ostro/kernel';
import { compactVerify, decodeProtectedHeader, SignJWT } from 'jose';
import { spiffeUri } from './names.ts';
import type { ServiceIdentity } from './service-identity.ts';
import { TrustAnchor, type TrustedSigner } from './trust-anchor.ts';

const ISSUER = 'identity';
const TYPE = 'at+jwt';
const MAX_TTL_SECONDS = 300;

/** Who asks and what they may do, as identity certified it minutes ago at most. */
export interface AccessClaims {
  readonly principalId: Id<'prn'>;
  readonly organizationId: Id<'org'>;
  /** Absent: every project of the organization. */
  readonly projectIds?: readonly Id<'prj'>[];
  readonly permissions: readonly string[];
  readonly keyId: Id<'key'>;
  readonly expiresAt: Date;
}

export interface AccessGrant extends Omit<AccessClaims, 'expiresAt'> {
  /** At most 300: a revoked key's tokens die with it, without a list to consult. */
  readonly ttlSeconds: number;
}

/** Mints access tokens. Only identity's signature is accepted, whoever else holds this class. */
export class AccessTokens {
  readonly #identity: ServiceIdentity;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #anchor: TrustAnchor;

  constructor(identity: ServiceIdentity, clock: Pick<Clock, 'now'>) {
    this.#identity = identity;
    this.#clock = clock;
    this.#anchor = new TrustAnchor(identity.caPem);
  }

  async issue(grant: AccessGrant): Promise<string> {
    if (!(grant.ttlSeconds > 0 && grant.ttlSeconds <= MAX_TTL_SECONDS)) {
      throw new RangeError(`an access token lives 1 to ${MAX_TTL_SECONDS} seconds, not ${grant.ttlSeconds}`);
    }
    const { service, certificate, key } = this.#identity.signer;
    const nowSeconds = Math.floor(this.#clock.now().getTime() / 1000);
    return new SignJWT({
      org: grant.organizationId,
      ...(grant.projectIds && { prj: [...grant.projectIds] }),
      perm: [...grant.permissions],
      key: grant.keyId,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, x5c: [Buffer.from(certificate).toString('base64')] })
      .setIssuer(spiffeUri({ trustDomain: this.#anchor.trustDomain, kind: 'signer', name: service }))
      .setAudience(this.#anchor.cellId)
      .setSubject(grant.principalId)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + grant.ttlSeconds)
      .sign(key);
  }
}

/** Verifies access tokens offline, with nothing but the authority's certificate. */
export class AccessTokenVerifier {
  readonly #anchor: TrustAnchor;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(caPem: string, clock: Pick<Clock, 'now'>) {
    this.#anchor = new TrustAnchor(caPem);
    this.#clock = clock;
  }

  /**
   * The claims of a token that identity signed for this cell and that has not expired.
   *
   * @throws DomainError UNAUTHENTICATED: TOKEN_EXPIRED (ask for a new one), else TOKEN_INVALID, without saying which
   * check failed.
   */
  async verify(token: string): Promise<AccessClaims> {
    const now = this.#clock.now();
    const signer = this.#signerOf(token);
    if (!signer || now < signer.validFrom || now >= signer.validTo) throw invalid();
    let payload: Uint8Array;
    try {
      ({ payload } = await compactVerify(token, signer.publicKey, { algorithms: ['EdDSA'] }));
    } catch (cause) {
      throw invalid(cause);
    }
    const claims = this.#claims(payload);
    if (now >= claims.expiresAt) {
      throw new DomainError('UNAUTHENTICATED', 'TOKEN_EXPIRED', 'the access token has expired; ask for a new one');
    }
    return claims;
  }

  #signerOf(token: string): TrustedSigner | undefined {
    try {
      const { typ, x5c } = decodeProtectedHeader(token);
      if (typ !== TYPE || x5c?.length !== 1) return undefined;
      const signer = this.#anchor.signer(Buffer.from(x5c[0]!, 'base64'));
      return signer?.service === ISSUER ? signer : undefined;
    } catch {
      // A header that does not decode is one more token nobody signed.
      return undefined;
    }
  }

  #claims(payload: Uint8Array): AccessClaims {
    const claims = JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
    const issuer = spiffeUri({ trustDomain: this.#anchor.trustDomain, kind: 'signer', name: ISSUER });
    if (claims['iss'] !== issuer || claims['aud'] !== this.#anchor.cellId) throw invalid();
    const { sub, org, prj, perm, key, exp } = claims;
    if (!isId('prn', sub) || !isId('org', org) || !isId('key', key)) throw invalid();
    if (!areTexts(perm) || typeof exp !== 'number' || !areProjectsOrAll(prj)) throw invalid();
    return Object.freeze({
      principalId: sub,
      organizationId: org,
      ...(prj !== undefined && { projectIds: prj }),
      permissions: perm,
      keyId: key,
      expiresAt: new Date(exp * 1000),
    });
  }
}

/** For a single check; a server keeps an AccessTokenVerifier, which remembers the signers it has examined. */
export async function verifyAccessToken(
  token: string,
  caPem: string,
  clock: Pick<Clock, 'now'>,
): Promise<AccessClaims> {
  return new AccessTokenVerifier(caPem, clock).verify(token);
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function areProjectsOrAll(value: unknown): value is Id<'prj'>[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every((item) => isId('prj', item)));
}

function invalid(cause?: unknown): DomainError {
  return new DomainError(
    'UNAUTHENTICATED',
    'TOKEN_INVALID',
    'the access token is not valid in this cell; sign in again or ask for a new one',
    { cause },
  );
}
