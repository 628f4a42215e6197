/** Every right there is. The contract's access options name them; a spec keeps this list equal to the contract. */
export const PERMISSIONS = [
  'billing.invoices.read',
  'billing.prices.read',
  'billing.usage.read',
  'identity.keys.create',
  'identity.keys.read',
  'identity.keys.revoke',
  'identity.nodes.enrol',
  'identity.organizations.read',
  'identity.principals.create',
  'identity.principals.read',
  'identity.principals.update',
  'identity.projects.create',
  'identity.projects.read',
  'inference',
  'registry.aliases.update',
  'registry.models.import',
  'registry.models.read',
  'scheduling.deployments.create',
  'scheduling.deployments.delete',
  'scheduling.deployments.read',
  'scheduling.deployments.update',
  'scheduling.endpoints.read',
  'scheduling.logs.read',
  'scheduling.nodes.read',
  'scheduling.nodes.update',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** `inference` is the right to spend; everything else manages. */
export const MANAGEMENT: readonly Permission[] = PERMISSIONS.filter((permission) => permission !== 'inference');

/** The permissions that one of these prefixes or whole names covers. */
export function permissionsUnder(...starts: readonly string[]): readonly Permission[] {
  return PERMISSIONS.filter((permission) => starts.some((start) => permission.startsWith(start)));
}

/**
 * Rights over what all projects share. A role in one project never gives them: its holder could make himself owner of
 * the rest.
 */
export const ORGANIZATION_WIDE: readonly Permission[] = [
  'billing.invoices.read',
  'billing.usage.read',
  'identity.nodes.enrol',
  'identity.principals.create',
  'identity.principals.read',
  'identity.principals.update',
  'identity.projects.create',
  'scheduling.nodes.update',
];
