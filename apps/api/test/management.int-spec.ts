import { identityV1, registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { ScriptedCell } from './scripted-cell.ts';

const { getOrganization, listProjects } = identityV1.OrganizationServiceService;

describe('the management API', () => {
  let cell: ScriptedCell;
  beforeAll(async () => {
    cell = await ScriptedCell.open();
    await cell.grant([
      'identity.organizations.read',
      'identity.projects.read',
      'registry.models.read',
      'registry.models.import',
      'scheduling.deployments.read',
      'scheduling.deployments.create',
      'scheduling.deployments.update',
    ]);
  });
  afterAll(() => cell.close());

  it('says who the key is', async () => {
    const answer = await cell.request('GET', '/v1/whoami');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(await answer.json()).toMatchObject({
      organization_id: cell.key.organizationId,
      project_id: cell.key.projectId,
      key_id: cell.key.keyId,
      gateway_url: 'http://127.0.0.1:8080',
    });
  });

  it('lists', async () => {
    cell.identity.answer(listProjects, ({ organizationId }) => ({
      projects: [{ projectId: 'prj_1', organizationId, name: 'default', createTime: new Date(0) }],
      nextPageToken: 'more',
    }));
    const answer = await cell.request('GET', '/v1/projects?page_size=1');
    expect(await answer.json()).toEqual({
      items: [
        {
          project_id: 'prj_1',
          organization_id: cell.key.organizationId,
          name: 'default',
          create_time: '1970-01-01T00:00:00.000Z',
        },
      ],
      next_page_token: 'more',
    });
  });
});
