import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { openRouteView, type RouteView } from './route-view.ts';
import { RunningScheduler } from './running-scheduler.ts';

const { REPLICA_PHASE_PULLING, REPLICA_PHASE_LOADING, REPLICA_PHASE_READY } = schedulingV1.ReplicaPhase;
const { ROUTE_STATE_READY, ROUTE_STATE_COLD } = schedulingV1.RouteState;

describe('from a deployment to a route', () => {
  let cell: RunningScheduler;
  let routes: RouteView;
  beforeAll(async () => {
    cell = await RunningScheduler.open();
    routes = await openRouteView(cell.brokers, await cell.caPem());
  });
  afterAll(async () => {
    await routes.close();
    await cell.close();
  });

  it('places a replica, tells the agent, follows its report and publishes a signed route', async () => {
    const residency = { countries: ['FR'], operators: ['Acme SA'], certifications: ['iso27001'] };
    const agent = await (await cell.agent()).connect();
    const { deploymentId, endpointId } = await cell.deploy({ name: 'chat', residency });

    const wanted = await eventually(() => {
      expect(agent.desired?.replicas).toHaveLength(1);
      return agent.desired!.replicas[0]!;
    });
    expect(wanted).toMatchObject({
      deploymentId,
      organizationId: cell.organizationId,
      goal: nodeV1.ReplicaGoal.REPLICA_GOAL_RUN,
      runtime: schedulingV1.RuntimeKind.RUNTIME_KIND_SIMULATED,
      acceleratorIds: ['GPU-0'],
      concurrency: 4,
      contextTokens: 4096,
      servedName: 'chat',
      gatewayGroups: ['default'],
    });
    expect(wanted.manifest!.files[0]!.path).toBe('model.gguf');
    expect(agent.desired!.blobBaseUrl).toBe('https://127.0.0.1:9443');

    for (const phase of [REPLICA_PHASE_PULLING, REPLICA_PHASE_LOADING, REPLICA_PHASE_READY]) {
      await agent.obey(phase);
      await eventually(async () => expect((await cell.replicas(deploymentId))[0]!.phase).toBe(phase));
    }
    const route = await eventually(() => {
      const found = routes.view.get(endpointId);
      expect(found?.state).toBe(ROUTE_STATE_READY);
      return found!;
    });
    expect(routes.versionsOf(endpointId)[0]!.state).toBe(ROUTE_STATE_COLD);
    expect(route.targets[0]!).toMatchObject({ deploymentId, modelName: 'tiny', contextTokens: 4096, residency });
    expect(route.targets[0]!.replicas).toEqual([
      {
        replicaId: wanted.replicaId,
        nodeId: agent.nodeId,
        siteId: 'lyon-1',
        country: 'FR',
        operator: 'Acme SA',
        certifications: ['iso27001'],
        address: { address: { $case: 'direct', direct: { host: '127.0.0.1', port: 7443 } } },
        concurrency: 4,
      },
    ]);
    await eventually(async () => {
      const shown = await cell.show(deploymentId);
      expect(shown).toMatchObject({
        phase: schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_READY,
        readyReplicas: 1,
        generation: 1n,
        observedGeneration: 1n,
      });
      expect(shown.conditions.map(({ type, status }) => [type, status])).toEqual([
        ['Placed', true],
        ['Ready', true],
        ['UpToDate', true],
      ]);
    });
    await eventually(() => expect(routes.view.ageMs()).toBeLessThan(3_000));
  });
});
