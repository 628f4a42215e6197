import { DomainError } from '@ostro/kernel';
import type { AccessClaims, Peer } from '@ostro/pki';

/** Who is calling: the process at the other end and, where it acts for somebody, that principal's claims. */
export interface Caller {
  /** Absent only on methods open to `anyone`. */
  readonly peer?: Peer;
  readonly claims?: AccessClaims;
}

/**
 * The claims of a caller that acts within this organization. Ids of other organizations do not exist for it.
 *
 * @throws DomainError NOT_FOUND (ORGANIZATION_NOT_FOUND) for another organization, UNAUTHENTICATED (TOKEN_REQUIRED)
 * for a peer that acts for nobody.
 */
export function requireOrganization(caller: Caller, organizationId: string): AccessClaims {
  const claims = requireClaims(caller);
  if (claims.organizationId === organizationId) return claims;
  throw new DomainError(
    'NOT_FOUND',
    'ORGANIZATION_NOT_FOUND',
    `there is no organization ${organizationId}; check the id or use a key of that organization`,
    { details: { organization_id: organizationId } },
  );
}

/** @throws DomainError NOT_FOUND (PROJECT_NOT_FOUND) for a project the caller's key is not for. */
export function requireProject(caller: Caller, projectId: string): AccessClaims {
  const claims = requireClaims(caller);
  if (!claims.projectIds || claims.projectIds.some((allowed) => allowed === projectId)) return claims;
  throw new DomainError(
    'NOT_FOUND',
    'PROJECT_NOT_FOUND',
    `there is no project ${projectId}; check the id or use a key of that project`,
    { details: { project_id: projectId } },
  );
}

/** @throws DomainError UNAUTHENTICATED (TOKEN_REQUIRED) */
export function requireClaims(caller: Caller): AccessClaims {
  if (caller.claims) return caller.claims;
  throw new DomainError('UNAUTHENTICATED', 'TOKEN_REQUIRED', 'send an access token in the authorization metadata');
}
