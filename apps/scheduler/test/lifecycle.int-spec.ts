import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { openRouteView, type RouteView } from './route-view.ts';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory, type ScriptedAgent } from './scripted-agent.ts';

const Phase = schedulingV1.ReplicaPhase;
const { RouteState, RouteCause } = schedulingV1;
const { REPLICA_GOAL_DRAIN, REPLICA_GOAL_RUN } = nodeV1.ReplicaGoal;
const GIB = 2n ** 30n;
const HALF = { models: [], count: 1, memoryBytesEach: 40n * GIB };

describe('the life of a deployment', () => {
  let cell: RunningScheduler;
  let routes: RouteView;
  let countries = 0;
  beforeAll(async () => {
    cell = await RunningScheduler.open();
    routes = await openRouteView(cell.brokers, await cell.caPem());
  });
  afterAll(async () => {
    await routes.close();
    await cell.close();
  });

  /** A node that no other test's replicas may use, with a deployment that runs there and serves. */
  async function serving(spec: Partial<schedulingV1.DeploymentSpec> = {}, gpus = 1) {
    const country = `${String.fromCharCode(65 + countries++)}X`;
    const residency = { countries: [country], operators: [], certifications: [] };
    const agent = await (await cell.agent({ site: { country }, inventory: anInventory({ gpus }) })).connect();
    const deployment = await cell.deploy({ residency, accelerators: HALF, ...spec });
    await settled(agent, deployment.deploymentId, spec.replicas ?? 1);
    return { agent, country, ...deployment };
  }

  /** Lets the agent obey until so many replicas serve and nothing else is left. */
  async function settled(agent: ScriptedAgent, deploymentId: string, ready: number) {
    await eventually(async () => {
      await agent.settle();
      const alive = (await cell.replicas(deploymentId)).filter(
        ({ phase }) => phase !== Phase.REPLICA_PHASE_STOPPED && phase !== Phase.REPLICA_PHASE_FAILED,
      );
      expect(alive.map(({ phase }) => phase)).toEqual(Array.from({ length: ready }, () => Phase.REPLICA_PHASE_READY));
    });
  }

  it('is scaled without a new revision, and drains what is too much', async () => {
    const { agent, deploymentId, endpointId } = await serving({ replicas: 2 });
    const { deployment } = await cell.update(deploymentId, { replicas: 1 }, ['replicas']);
    expect(deployment).toMatchObject({ replicas: 1, generation: 2n, revision: { number: 1 } });
    const draining = await eventually(() => {
      const found = agent.desired!.replicas.find(({ goal }) => goal === REPLICA_GOAL_DRAIN);
      expect(found).toBeDefined();
      return found!;
    });
    // Scaling cuts no stream, however long it is.
    expect(draining.drainDeadline!.getTime()).toBeGreaterThan(Date.now() + 3_600_000);
    await eventually(() => {
      const route = routes.view.get(endpointId)!;
      expect(route.cause).toBe(RouteCause.ROUTE_CAUSE_SCALED);
      expect(route.targets[0]!.replicas.map(({ replicaId }) => replicaId)).not.toContain(draining.replicaId);
    });
    await settled(agent, deploymentId, 1);
    await eventually(() => expect(agent.desired!.replicas).toHaveLength(1));
  });

  it('is cold at zero replicas, and keeps its route', async () => {
    const { agent, deploymentId, endpointId } = await serving();
    await cell.update(deploymentId, { replicas: 0 }, ['replicas']);
    await settled(agent, deploymentId, 0);
    await eventually(async () => {
      expect(routes.view.get(endpointId)).toMatchObject({ state: RouteState.ROUTE_STATE_COLD });
      expect((await cell.show(deploymentId)).phase).toBe(schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_COLD);
    });
  });

  it('is rolled one ahead: the old revision goes when the new one serves', async () => {
    const { agent, deploymentId, endpointId } = await serving();
    const [old] = agent.desired!.replicas;
    const { deployment } = await cell.update(deploymentId, { concurrency: 8 }, ['concurrency']);
    expect(deployment!.revision).toMatchObject({ number: 2, spec: { concurrency: 8, contextTokens: 4096 } });
    await eventually(() => {
      expect(agent.desired!.replicas.map(({ concurrency, goal }) => [concurrency, goal])).toEqual([
        [4, REPLICA_GOAL_RUN],
        [8, REPLICA_GOAL_RUN],
      ]);
    });
    expect(routes.view.get(endpointId)!.targets[0]!.replicas[0]!.replicaId).toBe(old!.replicaId);
    await agent.obey();
    await eventually(() => {
      const goals = new Map(agent.desired!.replicas.map(({ replicaId, goal }) => [replicaId, goal]));
      expect(goals.get(old!.replicaId)).toBe(REPLICA_GOAL_DRAIN);
    });
    await settled(agent, deploymentId, 1);
    await eventually(() => {
      const { cause, targets } = routes.view.get(endpointId)!;
      expect(cause).toBe(RouteCause.ROUTE_CAUSE_ROLLED);
      expect(targets.map(({ revisionId }) => revisionId)).toEqual([deployment!.revision!.revisionId]);
    });
  });

  it('keeps the old revision when the new one finds no room, and says so', async () => {
    const { agent, deploymentId, endpointId } = await serving({ replicas: 2 });
    await cell.update(deploymentId, { concurrency: 8 }, ['concurrency']);
    await eventually(async () => {
      const condition = (await cell.show(deploymentId)).conditions.find(({ type }) => type === 'UpToDate')!;
      expect(condition).toMatchObject({ status: false, reason: 'NO_CAPACITY' });
      expect(condition.message).toMatch(/free on its best H100-80GB, 40.0 GiB needed/);
    });
    expect(agent.desired!.replicas.map(({ goal }) => goal)).toEqual([REPLICA_GOAL_RUN, REPLICA_GOAL_RUN]);
    expect(routes.view.get(endpointId)!.targets[0]!.replicas).toHaveLength(2);
  });

  it('replaces a crashed replica after a pause and shows its last log lines', async () => {
    const { agent, deploymentId, endpointId } = await serving();
    await agent.obey(Phase.REPLICA_PHASE_FAILED, {
      reason: 'EXITED',
      message: 'exit 1 at load',
      lastLogLines: ['loading weights', 'out of memory'],
    });
    await eventually(async () => {
      const [failed] = await cell.replicas(deploymentId);
      expect(failed).toMatchObject({
        phase: Phase.REPLICA_PHASE_FAILED,
        reason: 'EXITED',
        lastLogLines: ['loading weights', 'out of memory'],
      });
      expect(routes.view.get(endpointId)).toMatchObject({
        state: RouteState.ROUTE_STATE_COLD,
        cause: RouteCause.ROUTE_CAUSE_REPLICA_FAILED,
      });
    });
    expect(await cell.replicas(deploymentId)).toHaveLength(1);
    const due = await cell.query(
      `SELECT extract(epoch FROM due_at - (SELECT max(phase_at) FROM replicas WHERE deployment_id = $1))::float AS pause
       FROM deployments WHERE id = $1`,
      [deploymentId],
    );
    expect(due[0]!['pause']).toBe(5);
  });

  it('drains before it is removed, while its name is gone from the gateways at once', async () => {
    const { agent, deploymentId, endpointId } = await serving();
    const deployments = await cell.client(schedulingV1.DeploymentServiceService);
    const request = { organizationId: cell.organizationId, deploymentId };
    const { deployment } = await deployments.deleteDeployment(request, await cell.as());
    expect(deployment!.phase).toBe(schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_DELETING);
    await eventually(() => {
      expect(routes.view.get(endpointId)).toMatchObject({
        state: RouteState.ROUTE_STATE_DELETED,
        cause: RouteCause.ROUTE_CAUSE_DELETED,
      });
      expect(agent.desired!.replicas[0]!.goal).toBe(REPLICA_GOAL_DRAIN);
    });
    expect((await cell.show(deploymentId)).readyReplicas).toBe(0);
    await agent.settle();
    await eventually(async () => {
      await expect(cell.show(deploymentId)).rejects.toMatchObject({ reason: 'DEPLOYMENT_NOT_FOUND' });
      expect(agent.desired!.replicas).toEqual([]);
    });
    await agent.settle();
    await eventually(async () => {
      const held = 'SELECT 1 FROM placements WHERE deployment_id = $1';
      expect(await cell.query(held, [deploymentId])).toEqual([]);
    });
  });

  it('moves off a node that its operator drains', async () => {
    const { agent, country, deploymentId } = await serving();
    const other = await (await cell.agent({ site: { country } })).connect();
    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const state = schedulingV1.NodeState.NODE_STATE_DRAINING;
    const { organizationId } = cell;
    const { node } = await nodes.setNodeState({ organizationId, nodeId: agent.nodeId, state }, await cell.as());
    expect(node!.state).toBe(state);
    await eventually(() => expect(other.desired?.replicas).toHaveLength(1));
    expect(agent.desired!.replicas[0]!.goal).toBe(REPLICA_GOAL_RUN);
    await other.obey();
    await eventually(() => expect(agent.desired!.replicas[0]!.goal).toBe(REPLICA_GOAL_DRAIN));
    await agent.settle();
    await eventually(async () => {
      const [moved] = await cell.replicas(deploymentId);
      expect(moved).toMatchObject({ nodeId: other.nodeId, phase: Phase.REPLICA_PHASE_READY });
      expect(agent.desired!.replicas).toEqual([]);
    });
  });
});
