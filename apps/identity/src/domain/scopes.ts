import { DomainError } from '@ostro/kernel';
import { MANAGEMENT, type Permission, permissionsUnder } from './permissions.ts';

/** What a key may be limited to. */
const TABLE: Readonly<Record<string, readonly Permission[]>> = {
  inference: ['inference'],
  'manage:*': MANAGEMENT,
  'manage:read': MANAGEMENT.filter((permission) => permission.endsWith('.read')),
  'manage:models': permissionsUnder('registry.'),
  'manage:deployments': permissionsUnder('scheduling.'),
  'manage:keys': permissionsUnder('identity.keys.'),
  'manage:usage': permissionsUnder('billing.').filter((permission) => permission.endsWith('.read')),
  'manage:projects': permissionsUnder('identity.projects.', 'identity.organizations.'),
};

export const SCOPES = Object.keys(TABLE);

export function permissionsOfScope(scope: string): readonly Permission[] {
  return Object.hasOwn(TABLE, scope) ? TABLE[scope]! : [];
}

/** @throws DomainError INVALID_ARGUMENT (INVALID_SCOPE) unless there is at least one and all are known. */
export function checkedScopes(scopes: readonly string[]): readonly string[] {
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (scopes.length > 0 && unknown === undefined) return [...new Set(scopes)].sort();
  const problem = unknown === undefined ? 'a key needs at least one scope' : `there is no scope "${unknown}"`;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_SCOPE', `${problem}; scopes are ${SCOPES.join(', ')}`, {
    details: { field: 'scopes' },
  });
}
