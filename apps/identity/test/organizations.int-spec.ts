import { identityV1 } from '@ostro/contracts';
import { RunningIdentity } from './running-identity.ts';
import { failureOf, Tenant } from './tenant.ts';

const { OrganizationServiceService } = identityV1;
const { PRINCIPAL_KIND_SERVICE_ACCOUNT, PRINCIPAL_KIND_USER, PRINCIPAL_KIND_UNSPECIFIED } = identityV1.PrincipalKind;
const { ROLE_OWNER, ROLE_AUDITOR, ROLE_UNSPECIFIED } = identityV1.Role;

describe('an organization', () => {
  let cell: RunningIdentity;
  let acme: Tenant;
  beforeAll(async () => {
    cell = await RunningIdentity.open();
    acme = await Tenant.found(cell, 'acme');
  });
  afterAll(() => cell.close());

  const found = async (request: Partial<identityV1.CreateOrganizationRequest>) => {
    const operator = await cell.client(OrganizationServiceService, 'operator');
    return operator.createOrganization({ requestId: crypto.randomUUID(), name: 'new', ownerName: 'eve', ...request });
  };

  it('is founded once per request id, with a project and an owner', async () => {
    const first = await found({ requestId: 'found-globex', name: 'globex' });
    expect(first.organization).toMatchObject({ name: 'globex', cellId: 'cell-1' });
    expect(first.defaultProject).toMatchObject({
      name: 'default',
      organizationId: first.organization!.organizationId,
    });
    expect(first.owner).toMatchObject({
      name: 'eve',
      kind: PRINCIPAL_KIND_USER,
      roleBindings: [{ role: ROLE_OWNER, projectId: '' }],
    });
    expect(await found({ requestId: 'found-globex', name: 'globex' })).toEqual(first);
    expect(await failureOf(found({ requestId: 'found-globex', name: 'initech' }))).toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
    expect(await failureOf(found({ name: 'globex' }))).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'NAME_TAKEN' });
  });

  it('is founded once when the request arrives twice at the same time', async () => {
    const twins = await Promise.all([1, 2, 3, 4].map(() => found({ requestId: 'twins', name: 'twins' })));
    expect(new Set(twins.map(({ organization }) => organization!.organizationId)).size).toBe(1);
  });

  it.each(['ab', '1st', 'Acme', 'a_b', 'a'.repeat(41)])('is not called "%s"', async (name) => {
    expect(await failureOf(found({ name }))).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_NAME' });
  });

  it('is served by the authority of its own cell only', async () => {
    const other = await failureOf(RunningIdentity.open({ env: { OSTRO_CELL_ID: 'cell-2' } }));
    expect(other).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'CELL_MISMATCH' });
  });

  it('has projects, by id, by name and in pages', async () => {
    const { organizationId } = acme;
    const settings = await acme.asOwner();
    const create = (name: string, requestId = name) =>
      acme.organizations.createProject({ requestId, organizationId, name }, settings);
    const { project } = await create('chat');
    expect((await create('chat')).project).toEqual(project);
    expect(await failureOf(create('chat', 'again'))).toMatchObject({ reason: 'NAME_TAKEN' });
    await create('batch');
    for (const key of [project!.projectId, 'chat']) {
      expect((await acme.organizations.getProject({ organizationId, project: key }, settings)).project).toEqual(
        project,
      );
    }
    const page = { organizationId, pageSize: 2, pageToken: '' };
    const first = await acme.organizations.listProjects(page, settings);
    const second = await acme.organizations.listProjects({ ...page, pageToken: first.nextPageToken }, settings);
    expect([first, second].map(({ projects }) => projects.map(({ name }) => name))).toEqual([
      ['batch', 'chat'],
      ['default'],
    ]);
    expect(second.nextPageToken).toBe('');
    expect(await failureOf(acme.organizations.listProjects({ ...page, pageToken: 'x' }, settings))).toMatchObject({
      reason: 'INVALID_PAGE_TOKEN',
    });
  });

  it('has principals; a program begins without rights', async () => {
    const { organizationId } = acme;
    const settings = await acme.asOwner();
    const create = (request: Partial<identityV1.CreatePrincipalRequest>) =>
      acme.principals.createPrincipal(
        {
          requestId: crypto.randomUUID(),
          organizationId,
          kind: PRINCIPAL_KIND_USER,
          name: 'x',
          roleBindings: [],
          ...request,
        },
        settings,
      );
    const bindings = [{ role: ROLE_AUDITOR, projectId: acme.projectId }];
    const { principal } = await create({ name: 'Zoë Ångström', roleBindings: bindings });
    expect(principal).toMatchObject({ name: 'Zoë Ångström', roleBindings: bindings });
    const robot = { kind: PRINCIPAL_KIND_SERVICE_ACCOUNT, name: 'robot' };
    expect(await failureOf(create({ ...robot, roleBindings: bindings }))).toMatchObject({
      reason: 'SERVICE_ACCOUNT_WITH_ROLES',
    });
    await create(robot);
    expect(await failureOf(create(robot))).toMatchObject({ reason: 'NAME_TAKEN' });
    for (const wrong of [
      { kind: PRINCIPAL_KIND_UNSPECIFIED },
      { roleBindings: [{ role: ROLE_UNSPECIFIED, projectId: '' }] },
    ]) {
      expect(await failureOf(create(wrong))).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_CHOICE' });
    }
    const { principals } = await acme.principals.listPrincipals(
      { organizationId, pageSize: 0, pageToken: '' },
      settings,
    );
    expect(principals.map(({ name }) => name).sort()).toEqual(['Zoë Ångström', 'ada', 'robot']);
  });
});
