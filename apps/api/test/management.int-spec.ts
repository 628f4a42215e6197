import { identityV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { aDeployment } from './builders.ts';
import { ScriptedCell } from './scripted-cell.ts';

const { listProjects, createProject } = identityV1.OrganizationServiceService;
const { exchangeApiKey } = identityV1.TokenServiceService;
const { createDeployment, getDeployment, updateDeployment } = schedulingV1.DeploymentServiceService;
const { getDecision } = schedulingV1.NodeServiceService;

describe('the management API', () => {
  let cell: ScriptedCell;
  beforeAll(async () => {
    cell = await ScriptedCell.open();
    await cell.grant([
      'identity.projects.read',
      'identity.projects.create',
      'scheduling.deployments.read',
      'scheduling.deployments.create',
      'scheduling.deployments.update',
    ]);
  });
  afterAll(() => cell.close());

  const read = async (path: string) => (await cell.request('GET', path)).json() as Promise<Record<string, unknown>>;

  describe('keys', () => {
    it('says who the key is, and names the gateway', async () => {
      const answer = await cell.request('GET', '/v1/whoami');
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
      expect(await answer.json()).toMatchObject({
        organization_id: cell.key.organizationId,
        project_id: cell.key.projectId,
        key_id: cell.key.keyId,
        gateway_url: 'http://127.0.0.1:8080',
      });
    });

    it('refuses a request without a key, and every key that identity refuses, by a problem', async () => {
      for (const authorization of ['', 'Basic abc', 'Bearer ostro_wrong']) {
        const answer = await cell.request('GET', '/v1/whoami', { headers: { authorization } });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(await answer.json()).toMatchObject({ status: 401, title: 'Unauthorized' });
      }
    });

    it('asks identity once for concurrent and following requests of one key, and each time for a refused one', async () => {
      const exchanges = () => cell.identity.asked(exchangeApiKey).length;
      await cell.request('GET', '/v1/whoami');
      const before = exchanges();
      await Promise.all(Array.from({ length: 5 }, () => cell.request('GET', '/v1/whoami')));
      expect(exchanges()).toBe(before);
      const refused = { headers: { authorization: 'Bearer ostro_new' } };
      await cell.request('GET', '/v1/whoami', refused);
      await cell.request('GET', '/v1/whoami', refused);
      expect(exchanges()).toBe(before + 2);
    });

    it("passes on the service's refusal when the key lacks the permission", async () => {
      const answer = await cell.request('GET', '/v1/balance');
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({
        reason: 'PERMISSION_MISSING',
        details: { permission: 'billing.usage.read' },
      });
    });
  });

  describe('requests', () => {
    it('acts for the organization of the key and hands pages on', async () => {
      cell.identity.answer(listProjects, ({ organizationId }) => ({
        projects: [{ projectId: 'prj_1', organizationId, name: 'default', createTime: new Date(0) }],
        nextPageToken: 'more',
      }));
      expect(await read('/v1/projects?page_size=1&page_token=abc')).toEqual({
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
      expect(cell.identity.asked(listProjects)).toEqual([
        { organizationId: cell.key.organizationId, pageSize: 1, pageToken: 'abc' },
      ]);
    });

    it('makes a create idempotent by the Idempotency-Key, and else by the id of the request', async () => {
      cell.identity.answer(createProject, ({ organizationId, name }) => ({
        project: { projectId: 'prj_2', organizationId, name, createTime: new Date(0) },
      }));
      const json = { name: 'blue' };
      await cell.request('POST', '/v1/projects', { json, headers: { 'idempotency-key': 'once' } });
      const second = await cell.request('POST', '/v1/projects', { json });
      expect(second.status).toBe(201);
      const ids = cell.identity.asked(createProject).map(({ requestId }) => requestId);
      expect(ids).toEqual(['once', second.headers.get('x-request-id')]);
    });

    it.each([
      ['an unknown field', { name: 'x', colour: 'red' }, 'colour'],
      ['a wrong type', { name: 7 }, 'name'],
      ['a missing field', {}, 'name'],
    ])('refuses %s by name', async (_, json, field) => {
      const answer = await cell.request('POST', '/v1/projects', { json });
      expect(answer.status).toBe(400);
      const problem = (await answer.json()) as { reason: string; detail: string };
      expect(problem.reason).toBe('INVALID_REQUEST');
      expect(problem.detail).toContain(field);
    });

    it('refuses unknown query parameters, malformed JSON, foreign media and too large bodies', async () => {
      const send = (body: string, type = 'application/json') =>
        fetch(`${cell.url}/v1/projects`, {
          method: 'POST',
          headers: { authorization: `Bearer ${cell.key.secret}`, 'content-type': type },
          body,
        });
      expect(await read('/v1/projects?colour=red')).toMatchObject({ status: 400, reason: 'INVALID_REQUEST' });
      expect(await (await send('{"name":')).json()).toMatchObject({ status: 400, reason: 'MALFORMED_REQUEST' });
      expect(await (await send('name=x', 'text/plain')).json()).toMatchObject({ status: 415 });
      expect(await (await send(`{"name":"${'x'.repeat(2 ** 20)}"}`)).json()).toMatchObject({
        status: 413,
        reason: 'BODY_TOO_LARGE',
      });
      expect(await read('/v1/nothing')).toMatchObject({ status: 404, reason: 'ROUTE_NOT_FOUND' });
    });

    it('never puts the cause of an internal failure into the answer', async () => {
      cell.identity.answer(listProjects, () => {
        throw new Error('the password is xyzzy');
      });
      const answer = await cell.request('GET', '/v1/projects');
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toContain('xyzzy');
    });

    it('refuses to tell a number that JSON would change', async () => {
      cell.scheduler.answer(getDeployment, () => ({ deployment: aDeployment({ generation: 2n ** 60n }) }));
      expect(await read('/v1/deployments/big')).toMatchObject({ status: 500, reason: 'INTERNAL' });
    });
  });

  describe('deployments', () => {
    it("creates in the key's project, in the words of the contract", async () => {
      cell.scheduler.answer(createDeployment, (request) => ({ deployment: aDeployment({ name: request.name }) }));
      const spec = { model: 'tiny', replicas: 1, runtime: 'llama_cpp', accelerators: { memory_bytes_each: 10 } };
      const answer = await cell.request('POST', '/v1/deployments', { json: { name: 'chat', spec } });
      expect(answer.status).toBe(201);
      expect(await answer.json()).toMatchObject({ name: 'chat', phase: 'ready', generation: 3 });
      const [asked] = cell.scheduler.asked(createDeployment);
      expect(asked).toMatchObject({ projectId: cell.key.projectId, organizationId: cell.key.organizationId });
      expect(asked?.spec).toMatchObject({
        model: 'tiny',
        runtime: schedulingV1.RuntimeKind.RUNTIME_KIND_LLAMA_CPP,
        accelerators: { models: [], count: 0, memoryBytesEach: 10n },
      });
    });

    it('finds one by name in the project of the key and by id anywhere', async () => {
      cell.scheduler.answer(getDeployment, () => ({ deployment: aDeployment() }));
      await read('/v1/deployments/chat');
      await read(`/v1/deployments/dep_${'0'.repeat(32)}`);
      const asked = cell.scheduler.asked(getDeployment).slice(-2);
      expect(asked.map(({ projectId }) => projectId)).toEqual([cell.key.projectId, '']);
    });

    it('patches only what is named, guarded by the generation it was laid over', async () => {
      const current = aDeployment({ accelerators: { models: ['CPU'], count: 1, memoryBytesEach: 5n } });
      cell.scheduler.answer(getDeployment, () => ({ deployment: current }));
      cell.scheduler.answer(updateDeployment, () => ({ deployment: current }));
      const json = { spec: { replicas: 2, concurrency: null, accelerators: { count: 2 } } };
      const answer = await cell.request('PATCH', '/v1/deployments/chat', { json });
      expect(answer.status).toBe(200);
      const asked = cell.scheduler.asked(updateDeployment).at(-1);
      expect(asked?.updateMask?.toSorted()).toEqual(['accelerators', 'concurrency', 'replicas']);
      expect(asked).toMatchObject({
        deploymentId: current.deploymentId,
        expectedGeneration: 3n,
        spec: {
          model: 'tiny',
          replicas: 2,
          concurrency: 0,
          accelerators: { models: ['CPU'], count: 2, memoryBytesEach: 5n },
        },
      });
    });

    it('lets demand decide between bounds, and changes one of them alone', async () => {
      cell.scheduler.answer(createDeployment, () => ({ deployment: aDeployment() }));
      const autoscaling = { min_replicas: 0, max_replicas: 3, idle_timeout: 90.5 };
      const json = { name: 'chat', spec: { model: 'tiny', autoscaling } };
      expect((await cell.request('POST', '/v1/deployments', { json })).status).toBe(201);
      const policy = { minReplicas: 0, maxReplicas: 3, idleTimeout: { seconds: 90n, nanos: 500_000_000 } };
      expect(cell.scheduler.asked(createDeployment).at(-1)?.spec).toMatchObject({ replicas: 0, autoscaling: policy });

      const current = aDeployment({ autoscaling: schedulingV1.ScalingPolicy.fromPartial(policy) });
      cell.scheduler.answer(getDeployment, () => ({ deployment: current }));
      cell.scheduler.answer(updateDeployment, () => ({ deployment: current }));
      expect(await read('/v1/deployments/chat')).toMatchObject({ autoscaling });
      await cell.request('PATCH', '/v1/deployments/chat', { json: { spec: { autoscaling: { max_replicas: 5 } } } });
      expect(cell.scheduler.asked(updateDeployment).at(-1)).toMatchObject({
        updateMask: ['autoscaling'],
        spec: { autoscaling: { ...policy, maxReplicas: 5 } },
      });
      const byHand = { spec: { replicas: 2, autoscaling: null } };
      await cell.request('PATCH', '/v1/deployments/chat', { json: byHand });
      const asked = cell.scheduler.asked(updateDeployment).at(-1);
      expect(asked?.updateMask?.toSorted()).toEqual(['autoscaling', 'replicas']);
      expect(asked?.spec?.autoscaling).toBeUndefined();
    });

    it('refuses a spec that says neither how many nor between which bounds', async () => {
      const json = { name: 'chat', spec: { model: 'tiny' } };
      const answer = await cell.request('POST', '/v1/deployments', { json });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { detail: string }).detail).toContain('replicas');
    });

    it('refuses a patch of what is no part of a spec', async () => {
      const answer = await cell.request('PATCH', '/v1/deployments/chat', { json: { spec: { replica: 2 } } });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { detail: string }).detail).toContain('replica');
    });

    it("answers 404 for another's, with the words of the service", async () => {
      cell.scheduler.answer(getDecision, () => {
        throw new DomainError('NOT_FOUND', 'DECISION_NOT_FOUND', 'there is no decision dec_1');
      });
      expect(await read('/v1/decisions/dec_1')).toMatchObject({
        status: 404,
        reason: 'DECISION_NOT_FOUND',
        detail: 'there is no decision dec_1',
        type: 'urn:ostro:problem:decision-not-found',
      });
    });
  });

  it('shows its document and a page to everybody, and itself to nobody else', async () => {
    const [document, page] = await Promise.all([fetch(`${cell.url}/openapi.json`), fetch(`${cell.url}/docs`)]);
    expect(await document.json()).toMatchObject({ openapi: '3.1.0' });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
  });
});
