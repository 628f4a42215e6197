import { DomainError, type Id } from '@ostro/kernel';
import { MANAGEMENT, type Permission } from './permissions.ts';
import { permissionsOfBindings, type RoleBinding } from './roles.ts';
import { permissionsOfScope } from './scopes.ts';

/** How far a bearer reaches: what lies beyond does not exist for it. */
export interface Reach {
  readonly organizationId: Id<'org'>;
  /** Absent: every project of the organization. */
  readonly projectIds?: readonly Id<'prj'>[];
}

/** What a key may do at this moment. */
export interface Grant {
  readonly permissions: readonly Permission[];
  /** The key's scopes that still mean something. */
  readonly scopes: readonly string[];
  /** Where it may do it; absent: in every project of its organization. */
  readonly projectIds?: readonly [Id<'prj'>];
}

/**
 * The rights of a key: its owner's roles intersected with its scopes.
 *
 * A key speaks in its own project. It reaches the other projects only if each right it has comes from a role in the
 * whole organization: else a role in one project would leak into the next.
 */
export function grantOf(
  key: { readonly scopes: readonly string[]; readonly projectId: Id<'prj'> },
  bindings: readonly RoleBinding[],
): Grant {
  const everywhere = permissionsOfBindings(bindings);
  const here = permissionsOfBindings(bindings, key.projectId);
  const scopes = key.scopes.filter((scope) => permissionsOfScope(scope).some((permission) => here.has(permission)));
  const asked = new Set(scopes.flatMap(permissionsOfScope));
  const permissions = [...here].filter((permission) => asked.has(permission)).sort();
  const reachesAll = permissions.every((permission) => everywhere.has(permission));
  return { permissions, scopes, ...(!reachesAll && { projectIds: [key.projectId] as const }) };
}

/**
 * A key never hands out management rights that its bearer lacks, so that no chain of keys climbs. Inference is
 * exempt: handing it to programs is what managing keys is for, and the owner's roles still bound it.
 *
 * @throws DomainError PERMISSION_DENIED (GRANT_TOO_WIDE)
 */
export function assertMayHandOut(grant: Grant, bearer: readonly string[]): void {
  const excess = grant.permissions.find(
    (permission) => MANAGEMENT.includes(permission) && !bearer.includes(permission),
  );
  if (excess === undefined) return;
  throw new DomainError(
    'PERMISSION_DENIED',
    'GRANT_TOO_WIDE',
    `the new key would hold ${excess}, which you do not; ask for narrower scopes or use a key that holds it`,
    { details: { permission: excess } },
  );
}

/**
 * Everybody manages the keys of their own; those of others belong to whoever may also change others' roles.
 *
 * @throws DomainError PERMISSION_DENIED (NOT_YOUR_KEY)
 */
export function assertMayManageKeysOf(
  principalId: Id<'prn'>,
  bearer: { readonly principalId: Id<'prn'>; readonly permissions: readonly string[] },
): void {
  const right: Permission = 'identity.principals.update';
  if (principalId === bearer.principalId || bearer.permissions.includes(right)) return;
  throw new DomainError(
    'PERMISSION_DENIED',
    'NOT_YOUR_KEY',
    `a key of another principal needs the permission ${right}; ask an owner of the organization`,
    { details: { permission: right } },
  );
}
