import { DomainError, type Id } from '@ostro/kernel';
import type { Site } from './site.ts';

/** A right to enrol one node of a site, once. */
export interface JoinToken {
  readonly id: Id<'jnt'>;
  readonly organizationId: Id<'org'>;
  readonly site: Site;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A machine that identity vouches for. Its site is the token's, never its own word. */
export interface Node {
  readonly id: Id<'nod'>;
  readonly organizationId: Id<'org'>;
  readonly joinTokenId: Id<'jnt'>;
  readonly site: Site;
  readonly name: string;
  readonly enrolledAt: Date;
  readonly certificateExpiresAt: Date;
}

/** Why a token that exists does not enrol; it is told, since whoever holds the token may know. */
export function tokenRefused(token: { readonly usedAt: Date | null } | null): DomainError {
  if (!token) {
    return new DomainError('UNAUTHENTICATED', 'JOIN_TOKEN_UNKNOWN', 'no such join token exists; create a new one');
  }
  if (token.usedAt) {
    return new DomainError(
      'UNAUTHENTICATED',
      'JOIN_TOKEN_USED',
      'this join token has enrolled a node already; create a new one for each node',
    );
  }
  return new DomainError('UNAUTHENTICATED', 'JOIN_TOKEN_EXPIRED', 'this join token has expired; create a new one');
}
