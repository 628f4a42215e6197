import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { DomainError } from '@ostro/kernel';
import { type Peer, type SpiffeName, spiffeNameOf } from './names.ts';

/** A service's right to sign, as the authority certified it. */
export interface TrustedSigner {
  readonly service: string;
  readonly publicKey: KeyObject;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** Signers and peers are few and change with renewals only; the bound stops a sender of made-up certificates. */
const CACHED = 256;

interface TrustedPeer {
  readonly peer: Peer;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** The cell's authority as everybody else sees it: its certificate, and what that certificate vouches for. */
export class TrustAnchor {
  readonly trustDomain: string;
  readonly cellId: string;
  readonly validTo: Date;
  readonly #certificate: X509Certificate;
  readonly #signers = new Map<string, TrustedSigner>();
  readonly #peers = new Map<string, TrustedPeer>();

  /** @throws DomainError FAILED_PRECONDITION (INVALID_AUTHORITY) when the text is no authority of a cell. */
  constructor(caPem: string) {
    this.#certificate = parse(caPem);
    const trustDomain = /(?:^|, )URI:spiffe:\/\/([a-z0-9.-]+)(?:$|, )/.exec(
      this.#certificate.subjectAltName ?? '',
    )?.[1];
    const cellId = /^CN=(.+)$/m.exec(this.#certificate.subject)?.[1];
    if (!this.#certificate.ca || !trustDomain || !cellId) throw invalidAuthority();
    this.trustDomain = trustDomain;
    this.cellId = cellId;
    this.validTo = this.#certificate.validToDate;
  }

  isKeyedBy(keyPem: string): boolean {
    return this.#certificate.checkPrivateKey(createPrivateKey(keyPem));
  }

  issued(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.#certificate) && certificate.verify(this.#certificate.publicKey);
  }

  /**
   * The service that a DER certificate lets sign, or undefined when the authority never said so. Its validity is
   * handed on, not judged: whether time matters is the use's question.
   */
  signer(der: Uint8Array): TrustedSigner | undefined {
    return remembered(this.#signers, der, () => {
      const [certificate, name] = this.#examine(der) ?? [];
      return certificate && name?.kind === 'signer'
        ? { service: name.name, publicKey: certificate.publicKey, ...validityOf(certificate) }
        : undefined;
    });
  }

  /**
   * The peer a DER certificate lets connect now. For servers that also take connections without a certificate and
   * therefore cannot leave the refusal of bad ones to TLS.
   */
  peer(der: Uint8Array, now: Date): Peer | undefined {
    const known = remembered(this.#peers, der, () => {
      const [certificate, name] = this.#examine(der) ?? [];
      return certificate && name && name.kind !== 'signer'
        ? { peer: { kind: name.kind, name: name.name }, ...validityOf(certificate) }
        : undefined;
    });
    return known && known.validFrom <= now && now < known.validTo ? known.peer : undefined;
  }

  #examine(der: Uint8Array): [X509Certificate, SpiffeName] | undefined {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(der);
    } catch {
      return undefined;
    }
    const name = spiffeNameOf(certificate);
    return name?.trustDomain === this.trustDomain && this.issued(certificate) ? [certificate, name] : undefined;
  }
}

function remembered<T>(cache: Map<string, T>, der: Uint8Array, examine: () => T | undefined): T | undefined {
  const key = Buffer.from(der).toString('latin1');
  const cached = cache.get(key);
  if (cached) return cached;
  const found = examine();
  if (found) {
    if (cache.size >= CACHED) cache.clear();
    cache.set(key, found);
  }
  return found;
}

function validityOf(certificate: X509Certificate): { validFrom: Date; validTo: Date } {
  return { validFrom: certificate.validFromDate, validTo: certificate.validToDate };
}

function parse(caPem: string): X509Certificate {
  try {
    return new X509Certificate(caPem);
  } catch (cause) {
    throw invalidAuthority(cause);
  }
}

function invalidAuthority(cause?: unknown): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'INVALID_AUTHORITY',
    "ca.pem is not the certificate of a cell's authority; copy it again from the identity service's folder",
    { cause },
  );
}
