import type { Id } from '@ostro/kernel';
import { ORGANIZATION_WIDE, type Permission, PERMISSIONS, permissionsUnder } from './permissions.ts';

export type Role = 'owner' | 'developer' | 'billing_viewer' | 'auditor';

/** A role a principal holds: in one project, or in the whole organization when no project is named. */
export interface RoleBinding {
  readonly role: Role;
  readonly projectId?: Id<'prj'>;
}

const reads = PERMISSIONS.filter((permission) => permission.endsWith('.read'));
const surroundings: readonly Permission[] = ['identity.organizations.read', 'identity.projects.read'];

const TABLE: Readonly<Record<Role, readonly Permission[]>> = {
  owner: PERMISSIONS,
  developer: [
    ...permissionsUnder('registry.', 'identity.keys.', 'inference'),
    ...permissionsUnder('scheduling.').filter((permission) => permission !== 'scheduling.nodes.update'),
    'billing.usage.read',
    'billing.prices.read',
    ...surroundings,
  ],
  billing_viewer: [...reads.filter((permission) => permission.startsWith('billing.')), ...surroundings],
  auditor: reads,
};

export function permissionsOfRole(role: Role): readonly Permission[] {
  return TABLE[role];
}

/** What the bindings allow in the whole organization or, with a project, in that project. */
export function permissionsOfBindings(
  bindings: readonly RoleBinding[],
  projectId?: Id<'prj'>,
): ReadonlySet<Permission> {
  const everywhere = bindings.filter((binding) => binding.projectId === undefined);
  const here = bindings.filter((binding) => binding.projectId !== undefined && binding.projectId === projectId);
  return new Set([
    ...everywhere.flatMap(({ role }) => permissionsOfRole(role)),
    ...here.flatMap(({ role }) => permissionsOfRole(role)).filter((right) => !ORGANIZATION_WIDE.includes(right)),
  ]);
}
