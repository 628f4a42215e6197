import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, DomainError } from '@ostro/kernel';
import { CertificateAuthority, type Issued, renewalDue } from './certificate-authority.ts';
import { checkedName } from './names.ts';
import { writePrivate } from './private-files.ts';
import { TrustAnchor } from './trust-anchor.ts';

const DEFAULT_TTL_MS = 90 * 24 * 3_600_000;
const DEFAULT_GATEWAY_GROUP = 'default';

export interface ServiceToMint {
  readonly name: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface MintOptions {
  readonly trustDomain: string;
  readonly cellId: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Life of service certificates; they are renewed at start when a third of it is left. */
  readonly ttlMs?: number;
}

/**
 * Gives every service a folder with its identity, making the cell's authority first where there is none. Safe to
 * run at every start: what is valid stays. `gateway` receives a gateway's certificate (group `default`); the
 * authority's key lies in `identity/ca.key` and nowhere else.
 *
 * @returns the services that received something new.
 * @throws DomainError FAILED_PRECONDITION (AUTHORITY_KEY_MISSING): with the certificate but not the key nothing can
 * be issued, and a new authority would cut off every node that trusts the old one, so a person decides.
 */
export async function mintServiceIdentities(
  dir: string,
  services: readonly (string | ServiceToMint)[],
  options: MintOptions,
): Promise<readonly string[]> {
  const authority = await openAuthority(join(dir, 'identity'), options);
  const minted: string[] = [];
  for (const entry of services) {
    const service = typeof entry === 'string' ? { name: entry } : entry;
    checkedName(service.name, 'service');
    if (await mintService(join(dir, service.name), service, { authority, ...options })) minted.push(service.name);
  }
  return minted;
}

async function openAuthority(dir: string, options: MintOptions): Promise<CertificateAuthority> {
  const [certPem, keyPem] = await Promise.all([text(dir, 'ca.pem'), text(dir, 'ca.key')]);
  if (certPem && keyPem) return CertificateAuthority.load(certPem, keyPem, options.clock);
  if (certPem) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'AUTHORITY_KEY_MISSING',
      `${join(dir, 'ca.key')} is missing; restore it from a backup, or remove ${dir} to found a new authority and enrol every node again`,
    );
  }
  // A key without a certificate is a founding that was interrupted: nothing was issued from it yet.
  const authority = await CertificateAuthority.create(options);
  await writePrivate(dir, { 'ca.key': authority.keyPem.reveal(), 'ca.pem': authority.certPem });
  return authority;
}

async function mintService(
  dir: string,
  service: ServiceToMint,
  { authority, clock, ttlMs = DEFAULT_TTL_MS }: MintOptions & { authority: CertificateAuthority },
): Promise<boolean> {
  const anchor = new TrustAnchor(authority.certPem);
  const names = ['localhost', ...(service.dnsNames ?? [])];
  const keep = (file: 'tls' | 'signing') => isCurrent(dir, file, { anchor, now: clock.now(), names });
  const files: Record<string, string> = {};
  if ((await text(dir, 'ca.pem')) !== authority.certPem) files['ca.pem'] = authority.certPem;
  if (!(await keep('tls'))) {
    const request = { ...service, ttlMs };
    Object.assign(
      files,
      pair(
        'tls',
        service.name === 'gateway'
          ? await authority.issueGateway({ ...request, group: DEFAULT_GATEWAY_GROUP })
          : await authority.issueService({ ...request, service: service.name }),
      ),
    );
  }
  if (!(await keep('signing'))) {
    Object.assign(files, pair('signing', await authority.issueSigner({ service: service.name, ttlMs })));
  }
  await writePrivate(dir, files);
  return Object.keys(files).length > 0;
}

function pair(name: string, issued: Issued): Record<string, string> {
  return { [`${name}.key`]: issued.keyPem.reveal(), [`${name}.pem`]: issued.certPem };
}

async function isCurrent(
  dir: string,
  name: 'tls' | 'signing',
  { anchor, now, names }: { anchor: TrustAnchor; now: Date; names: readonly string[] },
): Promise<boolean> {
  const [certPem, keyPem] = await Promise.all([text(dir, `${name}.pem`), text(dir, `${name}.key`)]);
  if (!certPem || !keyPem || renewalDue(certPem, now)) return false;
  const certificate = new X509Certificate(certPem);
  const known = certificate.subjectAltName?.split(', ') ?? [];
  const named = name === 'signing' || names.every((dnsName) => known.includes(`DNS:${dnsName}`));
  return named && anchor.issued(certificate) && certificate.checkPrivateKey(createPrivateKey(keyPem));
}

async function text(dir: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(dir, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
