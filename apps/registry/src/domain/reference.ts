import { checkedAlias, checkedModelName, DEFAULT_ALIAS } from './names.ts';
import { type Digest, parseDigest } from './manifest.ts';

/** What somebody writes to mean a revision. */
export type Reference =
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'alias'; readonly model: string; readonly alias: string };

/**
 * Reads "name", "name:alias" or "sha256:<64 hex>". A model cannot be meant by the name "sha256", since what follows
 * its colon is always read as a digest.
 *
 * @throws DomainError INVALID_ARGUMENT (INVALID_DIGEST, INVALID_NAME)
 */
export function parseReference(text: string): Reference {
  if (text.startsWith('sha256:')) return { kind: 'digest', digest: parseDigest(text, 'reference') };
  const [name = '', ...rest] = text.split(':');
  const model = checkedModelName(name, 'reference');
  if (rest.length === 0) return { kind: 'alias', model, alias: DEFAULT_ALIAS };
  // An empty alias is a typing error here, not a wish for the default.
  return { kind: 'alias', model, alias: checkedAlias(rest.join(':') || ':', 'reference') };
}
