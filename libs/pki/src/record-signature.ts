import { sign, verify } from 'node:crypto';
import { DomainError } from '@ostro/kernel';
import type { Signer } from './service-identity.ts';
import { TrustAnchor } from './trust-anchor.ts';

export const SIGNATURE_HEADER = 'ostro-signature';
export const SIGNER_HEADER = 'ostro-signer';

export type SignatureHeaders = Readonly<Record<typeof SIGNATURE_HEADER | typeof SIGNER_HEADER, string>>;

/** Kafka clients hand headers back as bytes, or as lists when a header repeats. */
export type RecordHeaders = Readonly<Record<string, unknown>>;

export interface SignedRecord {
  readonly topic: string;
  readonly key: string | Uint8Array;
  /** null is a tombstone; it is signed too, or anyone with the topic could delete a key's view. */
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

/** Signs what a service publishes, so that consumers trust the owner and not the broker. */
export class RecordSigner {
  readonly #signer: Signer;
  readonly #certificate: string;

  constructor(signer: Signer) {
    this.#signer = signer;
    this.#certificate = Buffer.from(signer.certificate).toString('base64url');
  }

  /** Binds topic, key and value: a record cannot be moved to another topic or key, nor altered. */
  sign(topic: string, key: string | Uint8Array, value: Uint8Array | null): SignatureHeaders {
    const signature = sign(null, statement(topic, key, value), this.#signer.key);
    return { [SIGNATURE_HEADER]: signature.toString('base64url'), [SIGNER_HEADER]: this.#certificate };
  }
}

/**
 * Verifies records against the cell's authority.
 *
 * The signer's certificate must be issued by the authority to the topic's owner, but it may have expired: records
 * of compacted topics outlive certificates, and a gateway that starts while identity is down must still accept the
 * keys it finds there. What is current is decided by (epoch, generation) inside the record, never by this check.
 */
export class RecordVerifier {
  readonly #anchor: TrustAnchor;

  constructor(caPem: string) {
    this.#anchor = new TrustAnchor(caPem);
  }

  /** @throws DomainError PERMISSION_DENIED (UNTRUSTED_RECORD) saying which of the conditions fails. */
  verify(record: SignedRecord, expectedService: string): void {
    const signature = bytesOf(record.headers[SIGNATURE_HEADER]);
    const certificate = bytesOf(record.headers[SIGNER_HEADER]);
    if (!signature || !certificate) throw untrusted(record.topic, 'is not signed');
    const signer = this.#anchor.signer(certificate);
    if (!signer) throw untrusted(record.topic, 'is signed by a certificate the authority did not issue for signing');
    if (signer.service !== expectedService) {
      throw untrusted(record.topic, `is signed by ${signer.service}, not by its owner ${expectedService}`);
    }
    if (!verify(null, statement(record.topic, record.key, record.value), signer.publicKey, signature)) {
      throw untrusted(record.topic, 'differs from what was signed');
    }
  }
}

/** Length-prefixed parts under a name of their own: no two records, and no other use of the key, share a statement. */
function statement(topic: string, key: string | Uint8Array, value: Uint8Array | null): Buffer {
  const parts = [Buffer.from('ostro-record-v1'), Buffer.from(topic), Buffer.from(key), value ?? Buffer.alloc(0)];
  const lengths = Buffer.alloc(parts.length * 4 + 1);
  parts.forEach((part, index) => lengths.writeUInt32BE(part.length, index * 4));
  lengths[lengths.length - 1] = value === null ? 0 : 1;
  return Buffer.concat([lengths, ...parts]);
}

function bytesOf(header: unknown): Buffer | undefined {
  if (typeof header === 'string') return Buffer.from(header, 'base64url');
  return header instanceof Uint8Array ? Buffer.from(Buffer.from(header).toString('latin1'), 'base64url') : undefined;
}

function untrusted(topic: string, why: string): DomainError {
  return new DomainError('PERMISSION_DENIED', 'UNTRUSTED_RECORD', `a record of ${topic} ${why}`, {
    details: { topic },
  });
}
