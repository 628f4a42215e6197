import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { DomainError } from '@ostro/kernel';
import { spiffeNameOf } from './names.ts';

/** A service's right to sign, as the authority certified it. */
export interface TrustedSigner {
  readonly service: string;
  readonly publicKey: KeyObject;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** Signers are few and change with renewals only; the bound stops a sender of made-up certificates. */
const CACHED_SIGNERS = 256;

/** The cell's authority as everybody else sees it: its certificate, and what that certificate vouches for. */
export class TrustAnchor {
  readonly trustDomain: string;
  readonly cellId: string;
  readonly validTo: Date;
  readonly #certificate: X509Certificate;
  readonly #signers = new Map<string, TrustedSigner>();

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
    const key = Buffer.from(der).toString('latin1');
    const cached = this.#signers.get(key);
    if (cached) return cached;
    const signer = this.#examine(der);
    if (signer) {
      if (this.#signers.size >= CACHED_SIGNERS) this.#signers.clear();
      this.#signers.set(key, signer);
    }
    return signer;
  }

  #examine(der: Uint8Array): TrustedSigner | undefined {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(der);
    } catch {
      // Bytes that are no certificate are vouched for by nobody.
      return undefined;
    }
    const name = spiffeNameOf(certificate);
    if (name?.kind !== 'signer' || name.trustDomain !== this.trustDomain || !this.issued(certificate)) return undefined;
    return {
      service: name.name,
      publicKey: certificate.publicKey,
      validFrom: certificate.validFromDate,
      validTo: certificate.validToDate,
    };
  }
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
