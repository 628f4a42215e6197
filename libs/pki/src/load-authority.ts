import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, DomainError } from '@ostro/kernel';
import { CertificateAuthority } from './certificate-authority.ts';

/**
 * The cell's authority from the folder where `mintServiceIdentities` founded it. It is never made here: an authority
 * that has not signed the services' own certificates would vouch for nobody they trust.
 *
 * @throws DomainError FAILED_PRECONDITION (AUTHORITY_MISSING, AUTHORITY_KEY_MISMATCH)
 */
export async function loadAuthority(dir: string, clock: Pick<Clock, 'now'>): Promise<CertificateAuthority> {
  const [certPem, keyPem] = await Promise.all([read(join(dir, 'ca.pem')), read(join(dir, 'ca.key'))]);
  return CertificateAuthority.load(certPem, keyPem, clock);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'AUTHORITY_MISSING',
      `${path} cannot be read; mint the cell's identities first, or restore the file from a backup`,
      { details: { path }, cause },
    );
  }
}
