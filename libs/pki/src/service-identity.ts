import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError, Sensitive } from '@ostro/kernel';
import { writePrivate } from './private-files.ts';
import { spiffeNameOf, type SpiffeName } from './names.ts';

/** What it takes to speak in a cell: who vouches, and a certificate with its key. */
export interface TlsIdentity {
  /** The service's name, the node's id, or `gateway`. */
  readonly name: string;
  readonly caPem: string;
  readonly tls: { readonly cert: string; readonly key: Sensitive<string> };
}

/** A service's key for records and tokens, with the certificate that says whose it is. */
export interface Signer {
  readonly service: string;
  readonly certificate: Uint8Array;
  /** Opaque: the key's bytes cannot be printed. */
  readonly key: KeyObject;
}

export interface ServiceIdentity extends TlsIdentity {
  readonly signer: Signer;
}

/** Options for node's tls, http2 and undici: both sides show a certificate of this cell, over TLS 1.3. */
export function mutualTls(identity: TlsIdentity) {
  return {
    ca: identity.caPem,
    cert: identity.tls.cert,
    key: identity.tls.key.reveal(),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  } as const;
}

/** A node's identity from the answer to its enrolment. */
export function tlsIdentity(parts: { caPem: string; certPem: string; keyPem: Sensitive<string> }): TlsIdentity {
  const { kind, name } = nameIn(parts.certPem, 'the certificate');
  return {
    name: kind === 'gateway' ? 'gateway' : name,
    caPem: parts.caPem,
    tls: { cert: parts.certPem, key: parts.keyPem },
  };
}

/** Keeps an identity in a folder of mode 0700, key files 0600; a reader after a crash sees a whole old or new file. */
export async function saveTlsIdentity(dir: string, identity: TlsIdentity): Promise<void> {
  await writePrivate(dir, {
    'ca.pem': identity.caPem,
    'tls.key': identity.tls.key.reveal(),
    'tls.pem': identity.tls.cert,
  });
}

/** @throws DomainError FAILED_PRECONDITION (IDENTITY_MISSING or IDENTITY_BROKEN) naming the file. */
export async function loadTlsIdentity(dir: string): Promise<TlsIdentity> {
  const [caPem, certPem, key] = await Promise.all(['ca.pem', 'tls.pem', 'tls.key'].map((file) => read(dir, file)));
  checkPair(certPem!, key!, join(dir, 'tls.key'));
  return tlsIdentity({ caPem: caPem!, certPem: certPem!, keyPem: new Sensitive(key!) });
}

/** @throws DomainError FAILED_PRECONDITION (IDENTITY_MISSING or IDENTITY_BROKEN) naming the file. */
export async function loadIdentity(dir: string): Promise<ServiceIdentity> {
  const identity = await loadTlsIdentity(dir);
  const [certPem, key] = await Promise.all(['signing.pem', 'signing.key'].map((file) => read(dir, file)));
  checkPair(certPem!, key!, join(dir, 'signing.key'));
  const { kind, name } = nameIn(certPem!, join(dir, 'signing.pem'));
  if (kind !== 'signer') throw broken(join(dir, 'signing.pem'));
  return {
    ...identity,
    signer: { service: name, certificate: new X509Certificate(certPem!).raw, key: createPrivateKey(key!) },
  };
}

async function read(dir: string, file: string): Promise<string> {
  const path = join(dir, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'IDENTITY_MISSING',
      `${path} cannot be read; mint the cell's identities or enrol this node first`,
      { details: { path }, cause },
    );
  }
}

function checkPair(certPem: string, keyPem: string, path: string): void {
  let fits: boolean;
  try {
    fits = new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    throw broken(path, cause);
  }
  if (!fits) throw broken(path);
}

function nameIn(certPem: string, path: string): SpiffeName {
  const name = spiffeNameOf(new X509Certificate(certPem));
  if (!name) throw broken(path);
  return name;
}

function broken(path: string, cause?: unknown): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'IDENTITY_BROKEN',
    `${path} does not belong with the files beside it; mint the identities again`,
    { details: { path }, cause },
  );
}
