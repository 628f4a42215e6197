import { METHOD_ACCESS } from '@ostro/contracts';
import fc from 'fast-check';
import { assertMayHandOut, assertMayManageKeysOf, grantOf } from './grant.ts';
import { ORGANIZATION_WIDE, PERMISSIONS } from './permissions.ts';
import { permissionsOfRole, type Role, type RoleBinding } from './roles.ts';
import { permissionsOfScope, SCOPES } from './scopes.ts';

const HERE = 'prj_here';
const ELSEWHERE = 'prj_elsewhere';
const aRole = fc.constantFrom<Role>('owner', 'developer', 'billing_viewer', 'auditor');
const aBinding: fc.Arbitrary<RoleBinding> = fc
  .tuple(aRole, fc.constantFrom(undefined, HERE, ELSEWHERE))
  .map(([role, projectId]) => (projectId ? { role, projectId } : { role }) as RoleBinding);
const bindings = fc.array(aBinding, { maxLength: 4 });
const scopes = fc.subarray(SCOPES);
const grant = (held: readonly string[], roles: readonly RoleBinding[]) =>
  grantOf({ scopes: held, projectId: HERE }, roles);

describe('permissions', () => {
  it('are those of the contract, and inference', () => {
    const declared = new Set(Object.values(METHOD_ACCESS).map(({ permission }) => permission));
    declared.delete('');
    expect([...PERMISSIONS].sort()).toEqual([...declared, 'inference'].sort());
  });
});

describe('roles', () => {
  it.each<[Role, string[], string[]]>([
    ['owner', [...PERMISSIONS], []],
    [
      'developer',
      [
        'inference',
        'identity.keys.create',
        'registry.models.import',
        'scheduling.deployments.delete',
        'billing.usage.read',
      ],
      ['scheduling.nodes.update', 'identity.principals.update', 'identity.nodes.enrol', 'billing.invoices.read'],
    ],
    ['billing_viewer', ['billing.invoices.read', 'identity.projects.read'], ['inference', 'identity.keys.read']],
    ['auditor', ['identity.keys.read', 'scheduling.nodes.read'], ['inference', 'identity.keys.create']],
  ])('%s holds what it should', (role, holds, lacks) => {
    expect(permissionsOfRole(role)).toEqual(expect.arrayContaining(holds));
    expect(permissionsOfRole(role).filter((permission) => lacks.includes(permission))).toEqual([]);
  });

  it('auditor and billing viewer change nothing', () => {
    for (const role of ['auditor', 'billing_viewer'] as const) {
      expect(permissionsOfRole(role).filter((permission) => !permission.endsWith('.read'))).toEqual([]);
    }
  });
});

describe('the grant of a key', () => {
  it('is never wider than its scopes nor than any role of its owner in its project', () => {
    fc.assert(
      fc.property(scopes, bindings, (held, roles) => {
        const { permissions, scopes: left } = grant(held, roles);
        const near = roles.filter(({ projectId }) => projectId !== ELSEWHERE);
        for (const permission of permissions) {
          expect(held.some((scope) => permissionsOfScope(scope).includes(permission))).toBe(true);
          expect(near.some(({ role }) => permissionsOfRole(role).includes(permission))).toBe(true);
        }
        expect(held).toEqual(expect.arrayContaining([...left]));
      }),
    );
  });

  it('only shrinks with fewer scopes or fewer roles', () => {
    fc.assert(
      fc.property(scopes, bindings, fc.nat(), (held, roles, index) => {
        const whole = grant(held, roles).permissions;
        expect(whole).toEqual(
          expect.arrayContaining([...grant(held.toSpliced(index % (held.length || 1), 1), roles).permissions]),
        );
        expect(whole).toEqual(
          expect.arrayContaining([...grant(held, roles.toSpliced(index % (roles.length || 1), 1)).permissions]),
        );
      }),
    );
  });

  it('reaches other projects only with rights from the whole organization', () => {
    fc.assert(
      fc.property(scopes, bindings, (held, roles) => {
        const { permissions, projectIds } = grant(held, roles);
        if (projectIds) return;
        const wide = roles.filter(({ projectId }) => projectId === undefined);
        for (const permission of permissions) {
          expect(wide.some(({ role }) => permissionsOfRole(role).includes(permission))).toBe(true);
        }
      }),
    );
  });

  it('has no right over the whole organization from a role in one project', () => {
    const { permissions, projectIds } = grant(['manage:*'], [{ role: 'owner', projectId: HERE }]);
    expect(projectIds).toEqual([HERE]);
    expect(permissions.length).toBeGreaterThan(0);
    expect(permissions.filter((permission) => ORGANIZATION_WIDE.includes(permission))).toEqual([]);
  });

  it('may be handed out by whoever holds its management rights', () => {
    const developer = grant(['manage:*'], [{ role: 'developer' }]);
    const both = grant(['manage:*', 'inference'], [{ role: 'developer' }]);
    expect(() => assertMayHandOut(both, developer.permissions)).not.toThrow();
    const owner = grant(['manage:*'], [{ role: 'owner' }]);
    expect(() => assertMayHandOut(owner, developer.permissions)).toThrow(
      expect.objectContaining({ reason: 'GRANT_TOO_WIDE' }),
    );
  });

  it('is managed by its owner, and by whoever manages principals', () => {
    const bearer = { principalId: 'prn_me' as const, permissions: [] };
    expect(() => assertMayManageKeysOf('prn_me', bearer)).not.toThrow();
    expect(() => assertMayManageKeysOf('prn_you', bearer)).toThrow(expect.objectContaining({ reason: 'NOT_YOUR_KEY' }));
    const chief = { ...bearer, permissions: ['identity.principals.update'] };
    expect(() => assertMayManageKeysOf('prn_you', chief)).not.toThrow();
  });
});
