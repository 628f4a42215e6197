import { aKnownKey, aKnownRoute } from '../../test/builders.ts';
import { type Audience, findRoute } from './route.ts';

const ours = aKnownKey();
const sameOrganization = aKnownKey({ projectId: 'prj_2' });
const stranger = aKnownKey({ organizationId: 'org_2', projectId: 'prj_1' });
const listed = aKnownKey({ organizationId: 'org_3', projectId: 'prj_3' });

describe('who sees an endpoint', () => {
  it.each<[Audience, boolean[]]>([
    ['project', [true, false, false, false]],
    ['organization', [true, true, false, false]],
    ['listed', [true, true, false, true]],
    ['everyone', [true, true, true, true]],
  ])('%s', (audience, expected) => {
    const route = aKnownRoute('ept_1', { audience, listedOrganizationIds: ['org_3'] });
    const callers = [ours, sameOrganization, stranger, listed];
    expect(callers.map((key) => findRoute([route], 'tiny', key) !== undefined)).toEqual(expected);
  });

  it('nobody, once it is deleted', () => {
    expect(findRoute([aKnownRoute('ept_1', { isDeleted: true })], 'tiny', ours)).toBeUndefined();
  });

  it('only keys that may call it', () => {
    const route = aKnownRoute('ept_1');
    expect(findRoute([route], 'tiny', aKnownKey({ allowedModels: [] }))).toBeUndefined();
    expect(findRoute([route], 'tiny', aKnownKey({ allowedModels: ['tiny'] }))).toBe(route);
  });

  it('and of several the narrowest is meant, ties by id', () => {
    const everyone = aKnownRoute('ept_1', { audience: 'everyone' });
    const organization = aKnownRoute('ept_2', { audience: 'organization' });
    const [projectA, projectB] = [aKnownRoute('ept_3'), aKnownRoute('ept_4')];
    const named = [everyone, projectB, organization, projectA];
    expect(findRoute(named, 'tiny', ours)).toBe(projectA);
    expect(findRoute(named, 'tiny', sameOrganization)).toBe(organization);
    expect(findRoute(named, 'tiny', stranger)).toBe(everyone);
  });
});
