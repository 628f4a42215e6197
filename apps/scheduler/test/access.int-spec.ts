import { schedulingV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { RunningScheduler } from './running-scheduler.ts';

const { DeploymentServiceService, EndpointServiceService, NodeServiceService } = schedulingV1;

describe('who may ask for what', () => {
  let cell: RunningScheduler;
  let deployment: schedulingV1.Deployment;
  let endpoints: Awaited<ReturnType<typeof endpointClient>>;
  let deployments: Awaited<ReturnType<typeof deploymentClient>>;
  const endpointClient = () => cell.client(EndpointServiceService);
  const deploymentClient = () => cell.client(DeploymentServiceService);
  beforeAll(async () => {
    cell = await RunningScheduler.open();
    [endpoints, deployments] = [await endpointClient(), await deploymentClient()];
    deployment = await cell.deploy({ name: 'chat' });
  });
  afterAll(() => cell.close());

  it('answers a foreign organization as if nothing were there', async () => {
    const stranger = await cell.as({ organizationId: randomIds('org') });
    const { organizationId } = cell;
    const theirs = { organizationId: randomIds('org') };
    const { deploymentId, endpointId } = deployment;
    const page = { pageSize: 0, pageToken: '' };
    const nodes = await cell.client(NodeServiceService);
    const calls = [
      deployments.getDeployment({ organizationId, projectId: '', deployment: deploymentId }, stranger),
      deployments.listReplicas({ organizationId, deploymentId, ...page }, stranger),
      deployments.deleteDeployment({ organizationId, deploymentId }, stranger),
      endpoints.getEndpoint({ organizationId, endpoint: endpointId }, stranger),
      nodes.listNodes({ organizationId, ...page }, stranger),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const inTheirName = await cell.as(theirs);
    await expect(
      deployments.getDeployment({ ...theirs, projectId: '', deployment: deploymentId }, inTheirName),
    ).rejects.toMatchObject({ reason: 'DEPLOYMENT_NOT_FOUND' });
  });

  it('shows a key of another project nothing of this one', async () => {
    const other = await cell.as({ projectIds: [randomIds('prj')] });
    const { organizationId, projectId } = cell;
    const page = { pageSize: 0, pageToken: '' };
    const get = { organizationId, projectId: '', deployment: deployment.deploymentId };
    await expect(deployments.getDeployment(get, other)).rejects.toMatchObject({ reason: 'DEPLOYMENT_NOT_FOUND' });
    await expect(
      endpoints.getEndpoint({ organizationId, endpoint: deployment.endpointId }, other),
    ).rejects.toMatchObject({ reason: 'ENDPOINT_NOT_FOUND' });
    expect(await deployments.listDeployments({ organizationId, projectId: '', ...page }, other)).toMatchObject({
      deployments: [],
    });
    await expect(deployments.listDeployments({ organizationId, projectId, ...page }, other)).rejects.toMatchObject({
      reason: 'PROJECT_NOT_FOUND',
    });
    await expect(deployments.createDeployment(cell.asking('theirs'), other)).rejects.toMatchObject({
      reason: 'PROJECT_NOT_FOUND',
    });
  });

  it('creates once for one request id, and refuses it for another request', async () => {
    const asking = cell.asking('once');
    const [first, second] = await Promise.all([
      deployments.createDeployment(asking, await cell.as()),
      deployments.createDeployment(asking, await cell.as()),
    ]);
    expect(second.deployment!.deploymentId).toBe(first.deployment!.deploymentId);
    await expect(deployments.createDeployment({ ...asking, name: 'twice' }, await cell.as())).rejects.toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
  });

  it.each([
    ['DEPLOYMENT_NAME_TAKEN', 'chat', {}],
    ['INVALID_NAME', 'Chat room', {}],
    ['MODEL_NOT_FOUND', 'a', { model: 'nobody-imported-this' }],
    ['MODEL_REQUIRED', 'a', { model: '' }],
    ['INVALID_SPEC', 'a', { replicas: 1_001 }],
    ['INVALID_SPEC', 'a', { contextTokens: 1_000_000 }],
    ['INVALID_SPEC', 'a', { runtime: schedulingV1.RuntimeKind.RUNTIME_KIND_VLLM }],
  ])('refuses with %s', async (reason, name, spec) => {
    const call = deployments.createDeployment(cell.asking(name, spec), await cell.as());
    await expect(call).rejects.toMatchObject({ reason });
  });

  it('pages through deployments by name, without a gap or a repeat', async () => {
    const names = ['page-a', 'page-b', 'page-c', 'page-d', 'page-e'];
    for (const name of names) await cell.deploy({ name, replicas: 0 });
    const found: string[] = [];
    for (let pageToken = '', more = true; more;) {
      const request = { organizationId: cell.organizationId, projectId: cell.projectId, pageSize: 2, pageToken };
      const page = await deployments.listDeployments(request, await cell.as());
      expect(page.deployments.length).toBeLessThanOrEqual(2);
      found.push(...page.deployments.map(({ name }) => name));
      pageToken = page.nextPageToken;
      more = pageToken !== '';
    }
    expect(found).toEqual(found.toSorted());
    expect(found.filter((name) => name.startsWith('page-'))).toEqual(names);
  });

  describe('an update', () => {
    const request = (overrides: Partial<schedulingV1.UpdateDeploymentRequest>) => ({
      organizationId: cell.organizationId,
      deploymentId: deployment.deploymentId,
      spec: schedulingV1.DeploymentSpec.fromPartial({ replicas: 2 }),
      updateMask: ['replicas'],
      expectedGeneration: 0n,
      ...overrides,
    });

    it.each([
      ['INVALID_UPDATE_MASK', { updateMask: ['name'] }],
      ['INVALID_UPDATE_MASK', { updateMask: [] }],
      ['INVALID_UPDATE_MASK', { updateMask: undefined }],
      ['GENERATION_CHANGED', { expectedGeneration: 99n }],
      ['SPEC_REQUIRED', { spec: undefined }],
    ])('is refused with %s', async (reason, overrides) => {
      await expect(deployments.updateDeployment(request(overrides), await cell.as())).rejects.toMatchObject({ reason });
    });

    it('takes the named fields only, and a pinned digest stays when the model is not named', async () => {
      const pinned = deployment.revision!.modelDigest;
      cell.publishModel('tiny', 2).digest = `sha256:${'f'.repeat(64)}`;
      const spec = schedulingV1.DeploymentSpec.fromPartial({ contextTokens: 2048, concurrency: 99, model: 'other' });
      const { deployment: next } = await deployments.updateDeployment(
        request({ spec, updateMask: ['context_tokens'] }),
        await cell.as(),
      );
      expect(next!.revision).toMatchObject({ number: 2, modelDigest: pinned });
      expect(next!.revision!.spec).toMatchObject({ contextTokens: 2048, concurrency: 4, model: 'tiny' });
      const again = await deployments.updateDeployment(
        request({ spec: schedulingV1.DeploymentSpec.fromPartial({ model: 'tiny' }), updateMask: ['model'] }),
        await cell.as(),
      );
      expect(again.deployment!.revision!.modelDigest).toBe(`sha256:${'f'.repeat(64)}`);
    });
  });
});
