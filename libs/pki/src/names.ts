import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { DomainError } from '@ostro/kernel';

/** What a certificate may speak for. A `signer` signs records and tokens and is no party on a connection. */
export type IdentityKind = 'service' | 'node' | 'gateway' | 'signer';

/** Who is at the other end of a connection, as the cell's authority says. */
export interface Peer {
  readonly kind: 'service' | 'node' | 'gateway';
  /** The service's name, the node's id, or the gateway group. */
  readonly name: string;
}

/** The one name in a certificate of this cell: `spiffe://<trust domain>/<kind>/<name>`. */
export interface SpiffeName {
  readonly trustDomain: string;
  readonly kind: IdentityKind;
  readonly name: string;
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const URI = /^spiffe:\/\/([a-z0-9][a-z0-9.-]{0,62})\/(service|node|gateway|signer)\/([a-z0-9][a-z0-9_.-]{0,62})$/;

/** @throws DomainError INVALID_ARGUMENT: a name goes into certificates, so it holds no separators. */
export function checkedName(name: string, field: string): string {
  if (NAME.test(name)) return name;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_IDENTITY_NAME',
    `${field} must be 1 to 63 of a-z, 0-9, dot, dash and underscore, starting with a letter or digit`,
    { details: { field } },
  );
}

export function spiffeUri({ trustDomain, kind, name }: SpiffeName): string {
  return `spiffe://${trustDomain}/${kind}/${name}`;
}

/** The name in a certificate, or undefined unless it has exactly one of ours: two names would be two identities. */
export function spiffeNameOf(certificate: X509Certificate): SpiffeName | undefined {
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry.startsWith('URI:'));
  const match = uris.length === 1 ? URI.exec(uris[0]!.slice('URI:'.length)) : null;
  return match ? { trustDomain: match[1]!, kind: match[2] as IdentityKind, name: match[3]! } : undefined;
}

/**
 * The peer a certificate names. It reads, it does not verify: give it only certificates that TLS has accepted
 * against the cell's authority.
 *
 * @throws DomainError UNAUTHENTICATED (UNKNOWN_PEER) for a certificate that names no peer, a signer's included.
 */
export function peerOf(certificate: Uint8Array | PeerCertificate): Peer {
  const raw = certificate instanceof Uint8Array ? certificate : certificate.raw;
  const name = raw && spiffeNameOf(new X509Certificate(raw));
  if (!name || name.kind === 'signer') {
    throw new DomainError(
      'UNAUTHENTICATED',
      'UNKNOWN_PEER',
      'the certificate names no service, node or gateway of this cell; use one issued by its authority',
    );
  }
  return { kind: name.kind, name: name.name };
}

/**
 * A `checkServerIdentity` for TLS clients: the address dialled proves nothing inside a cell, the name in the
 * certificate does. Returns the error TLS expects instead of throwing it.
 */
export function expectPeer(expected: Peer): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (host, certificate) => {
    try {
      const peer = peerOf(certificate);
      if (peer.kind === expected.kind && peer.name === expected.name) return undefined;
      return new Error(
        `${host} is ${peer.kind} ${peer.name}, not ${expected.kind} ${expected.name}: check the address`,
      );
    } catch (error) {
      return error as Error;
    }
  };
}
