import { createHash } from 'node:crypto';
import { canonicalForm, type Digest, type Manifest } from '../domain/manifest.ts';

/** What a revision is called, for ever. */
export function digestOf(manifest: Manifest): Digest {
  return `sha256:${createHash('sha256').update(canonicalForm(manifest), 'utf8').digest('hex')}`;
}
