import { type webcrypto, X509Certificate } from 'node:crypto';
import { type Clock, DomainError, Sensitive } from '@ostro/kernel';
import type { PublicKey } from '@peculiar/x509';
import { ED25519, generateKeys, importP256Key, issueAuthority, issueLeaf, keyPem, P256, provenKeyOf } from './issue.ts';
import type { Leaf, Validity } from './issue.ts';
import { checkedName, type IdentityKind, spiffeUri } from './names.ts';
import { TrustAnchor } from './trust-anchor.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const AUTHORITY_LIFE_MS = 10 * YEAR_MS;
/** Certificates start a little in the past, for nodes whose clock is behind. */
const BACKDATE_MS = 5 * 60_000;

export interface Issued {
  readonly certPem: string;
  readonly keyPem: Sensitive<string>;
}

export interface TlsRequest {
  readonly ttlMs: number;
  /** Beyond localhost, which is always in. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/**
 * The cell's own certificate authority. It names who a certificate speaks for and takes nothing but a public key
 * from whoever asks: names come from the caller, who has authenticated the asker.
 */
export class CertificateAuthority {
  readonly certPem: string;
  readonly keyPem: Sensitive<string>;
  readonly #key: webcrypto.CryptoKey;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #anchor: TrustAnchor;

  private constructor(certPem: string, key: { pem: string; key: webcrypto.CryptoKey }, clock: Pick<Clock, 'now'>) {
    this.certPem = certPem;
    this.keyPem = new Sensitive(key.pem);
    this.#key = key.key;
    this.#clock = clock;
    this.#anchor = new TrustAnchor(certPem);
  }

  /** A new P-256 authority for ten years. The cell's id is its common name, so whoever holds it knows the cell. */
  static async create(options: {
    trustDomain: string;
    cellId: string;
    clock: Pick<Clock, 'now'>;
  }): Promise<CertificateAuthority> {
    const trustDomain = checkedName(options.trustDomain, 'trustDomain');
    const keys = await generateKeys(P256);
    const certPem = await issueAuthority(
      {
        subject: [{ O: ['Ostro'] }, { CN: [checkedName(options.cellId, 'cellId')] }],
        uri: `spiffe://${trustDomain}`,
      },
      keys,
      validityFrom(options.clock.now(), AUTHORITY_LIFE_MS),
    );
    return new CertificateAuthority(
      certPem,
      { pem: await keyPem(keys.privateKey), key: keys.privateKey },
      options.clock,
    );
  }

  /** @throws DomainError FAILED_PRECONDITION (AUTHORITY_KEY_MISMATCH) when the key is not the certificate's. */
  static async load(pem: string, key: string, clock: Pick<Clock, 'now'>): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(pem, { pem: key, key: await importP256Key(key) }, clock);
    if (!authority.#anchor.isKeyedBy(key)) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'AUTHORITY_KEY_MISMATCH',
        "the authority's key does not belong to its certificate; restore both from one backup",
      );
    }
    return authority;
  }

  get trustDomain(): string {
    return this.#anchor.trustDomain;
  }

  get cellId(): string {
    return this.#anchor.cellId;
  }

  /** A service's certificate for both ends of mTLS, valid on loopback and under the names given. */
  async issueService(request: TlsRequest & { service: string }): Promise<Issued> {
    return this.#issueTls('service', checkedName(request.service, 'service'), request);
  }

  /** A gateway speaks for its group, so that nodes trust a new gateway of the group without being told. */
  async issueGateway(request: TlsRequest & { group: string }): Promise<Issued> {
    return this.#issueTls('gateway', checkedName(request.group, 'group'), request);
  }

  /**
   * A node's certificate from its own request. The node's key never leaves the node.
   *
   * @throws DomainError INVALID_ARGUMENT (INVALID_CSR) when the request does not parse, is not for a P-256 key, or
   * is not signed by the key it asks for.
   */
  async issueNode(request: { nodeId: string; siteId: string; csrPem: string } & TlsRequest): Promise<string> {
    const name = checkedName(request.nodeId, 'nodeId');
    const publicKey = await provenKey(request.csrPem);
    return this.#issue({
      use: 'tls',
      subject: [{ OU: [checkedName(request.siteId, 'siteId')] }, { CN: [name] }],
      uri: this.#uri('node', name),
      ...namesOf(request),
      publicKey,
      ttlMs: request.ttlMs,
    });
  }

  /** An Ed25519 key that signs a service's records and tokens; TLS refuses its certificate. */
  async issueSigner(request: { service: string; ttlMs: number }): Promise<Issued> {
    const name = checkedName(request.service, 'service');
    const keys = await generateKeys(ED25519);
    const certPem = await this.#issue({
      use: 'signing',
      subject: [{ CN: [`${name} signer`] }],
      uri: this.#uri('signer', name),
      publicKey: keys.publicKey,
      ttlMs: request.ttlMs,
    });
    return { certPem, keyPem: new Sensitive(await keyPem(keys.privateKey)) };
  }

  async #issueTls(kind: IdentityKind, name: string, request: TlsRequest): Promise<Issued> {
    const keys = await generateKeys(P256);
    const certPem = await this.#issue({
      use: 'tls',
      subject: [{ CN: [name] }],
      uri: this.#uri(kind, name),
      ...namesOf(request),
      publicKey: keys.publicKey,
      ttlMs: request.ttlMs,
    });
    return { certPem, keyPem: new Sensitive(await keyPem(keys.privateKey)) };
  }

  async #issue(leaf: Leaf & { ttlMs: number }): Promise<string> {
    const validity = validityFrom(this.#clock.now(), leaf.ttlMs);
    const end = Math.min(validity.notAfter.getTime(), this.#anchor.validTo.getTime());
    return issueLeaf(leaf, this.certPem, this.#key, { ...validity, notAfter: new Date(end) });
  }

  #uri(kind: IdentityKind, name: string): string {
    return spiffeUri({ trustDomain: this.trustDomain, kind, name });
  }
}

function namesOf(request: TlsRequest): { dnsNames: string[]; ipAddresses: string[] } {
  return {
    dnsNames: [...new Set(['localhost', ...(request.dnsNames ?? [])])],
    ipAddresses: [...new Set(['127.0.0.1', ...(request.ipAddresses ?? [])])],
  };
}

function validityFrom(now: Date, lifeMs: number): Validity {
  return { notBefore: new Date(now.getTime() - BACKDATE_MS), notAfter: new Date(now.getTime() + lifeMs) };
}

async function provenKey(csrPem: string): Promise<PublicKey> {
  const refuse = (why: string, cause?: unknown) =>
    new DomainError('INVALID_ARGUMENT', 'INVALID_CSR', `the certificate request ${why}; create a new one`, { cause });
  let key: PublicKey | undefined;
  try {
    key = await provenKeyOf(csrPem);
  } catch (cause) {
    throw refuse('does not parse', cause);
  }
  if (!key) throw refuse('is not signed by its own key');
  if (!('namedCurve' in key.algorithm) || key.algorithm.namedCurve !== 'P-256') throw refuse('must hold a P-256 key');
  return key;
}

/** When a certificate should be replaced: a third of its life is left. */
export function renewalDue(certPem: string, now: Date): boolean {
  const certificate = new X509Certificate(certPem);
  const start = certificate.validFromDate.getTime();
  const end = certificate.validToDate.getTime();
  return now.getTime() >= end - (end - start) / 3;
}
