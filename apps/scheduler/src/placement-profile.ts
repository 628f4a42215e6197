import { readFile } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import { DEFAULT_PROFILE, parseProfile, type Profile } from '@ostro/placement';
import { parse } from 'yaml';

/**
 * How this cell places replicas: read once, at start.
 * @throws DomainError FAILED_PRECONDITION (PROFILE_UNREADABLE) naming the file; INVALID_ARGUMENT (INVALID_PROFILE)
 */
export async function loadProfile(file: string | undefined): Promise<Profile> {
  if (file === undefined) return DEFAULT_PROFILE;
  let document: unknown;
  try {
    document = parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'PROFILE_UNREADABLE',
      `the placement profile ${file} is no readable YAML file; correct OSTRO_PLACEMENT_PROFILE or leave it out`,
      { details: { file }, cause },
    );
  }
  return parseProfile(document);
}
