import { schedulingV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import { type ManualClock, manualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { openRouteView, type RouteView } from './route-view.ts';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory, type ScriptedAgent } from './scripted-agent.ts';

const { ActivationServiceService } = schedulingV1;
const Phase = schedulingV1.ReplicaPhase;
const { RouteState } = schedulingV1;
const IDLE_MS = 60_000;
const LEASE_MS = 30_000;
const HALF = { models: [], count: 1, memoryBytesEach: 40n * 2n ** 30n };

const SLEEPY = schedulingV1.ScalingPolicy.fromPartial({
  minReplicas: 0,
  maxReplicas: 3,
  targetPercent: 50,
  idleTimeout: { seconds: BigInt(IDLE_MS / 1_000) },
});

describe('a deployment that may go cold', () => {
  const clock: ManualClock = manualClock(new Date());
  let cell: RunningScheduler;
  let agent: ScriptedAgent;
  let routes: RouteView;
  let gateway: GrpcClient<typeof ActivationServiceService>;
  let deployment: schedulingV1.Deployment;
  beforeAll(async () => {
    cell = await RunningScheduler.open({ clock, env: { OSTRO_NODE_DEAD_AFTER_MS: '3600000' } });
    routes = await openRouteView(cell.brokers, await cell.caPem());
    agent = await (await cell.agent({ inventory: anInventory({ gpus: 2 }) })).connect();
    gateway = await cell.client(ActivationServiceService, 'gateway');
    deployment = await cell.deploy({ autoscaling: SLEEPY, accelerators: HALF, replicas: 0 });
  });
  afterAll(async () => {
    await routes.close();
    await cell.close();
  });

  const asking = (overrides: Partial<schedulingV1.ActivateRequest> = {}): schedulingV1.ActivateRequest => ({
    deploymentId: deployment.deploymentId,
    holder: 'inc_1',
    waitingRequests: 1,
    oldestWaitMs: 0,
    until: new Date(clock.now().getTime() + LEASE_MS),
    ...overrides,
  });

  async function told(request: schedulingV1.ActivateRequest): Promise<schedulingV1.ActivateResponse[]> {
    const all: schedulingV1.ActivateResponse[] = [];
    for await (const response of gateway.activate(request)) all.push(response);
    return all;
  }

  const wanted = async () => (await cell.show(deployment.deploymentId)).replicas;

  it('starts cold, and its route says that it can be woken', async () => {
    await eventually(async () => {
      const route = routes.view.get(deployment.endpointId);
      expect(route).toMatchObject({ state: RouteState.ROUTE_STATE_COLD, targets: [{ scalable: true }] });
      const { conditions, phase } = await cell.show(deployment.deploymentId);
      expect(phase).toBe(schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_COLD);
      expect(conditions.find(({ type }) => type === 'Ready')!.message).toBe('the next request wakes it');
    });
  });

  it('is woken by who holds requests for it, and tells phase, expected time and at last the route', async () => {
    const answer = told(asking());
    await eventually(() => expect(agent.desired?.replicas).toHaveLength(1));
    await agent.obey(Phase.REPLICA_PHASE_LOADING);
    await eventually(async () => {
      const [replica] = await cell.replicas(deployment.deploymentId);
      expect(replica!.phase).toBe(Phase.REPLICA_PHASE_LOADING);
    });
    await agent.obey(Phase.REPLICA_PHASE_READY, { runningRequests: 0 });
    const all = await answer;
    const phases = all.map(({ phase }) => phase);
    expect(phases).toEqual(phases.toSorted((a, b) => a - b));
    expect(all[0]).toMatchObject({ phase: Phase.REPLICA_PHASE_PENDING, etaMs: 30_000, route: undefined });
    expect(all.at(-1)).toMatchObject({ phase: Phase.REPLICA_PHASE_READY, etaMs: 0 });
    const published = await eventually(() => {
      const route = routes.view.get(deployment.endpointId)!;
      expect(route.state).toBe(RouteState.ROUTE_STATE_READY);
      return route;
    });
    const { generation, targets } = all.at(-1)!.route!;
    expect({ generation, targets }).toEqual({ generation: published.generation, targets: published.targets });
    expect(await wanted()).toBe(1);
  });

  it('is asked for no more by the same words again, and for what all holders hold together', async () => {
    await told(asking());
    await told(asking());
    const counted = await cell.query('SELECT sum(waiting)::int AS waiting FROM demand_leases');
    expect(counted[0]!['waiting']).toBe(1);
    await told(asking({ holder: 'inc_2', waitingRequests: 5 }));
    await eventually(async () => expect(await wanted()).toBe(3));
  });

  it('goes cold again after the idle time once what was held is answered', async () => {
    for (const holder of ['inc_1', 'inc_2']) expect(await told(asking({ holder, waitingRequests: 0 }))).toEqual([]);
    expect(await cell.query('SELECT 1 FROM demand_leases')).toEqual([]);
    const since = clock.now().getTime();
    await eventually(
      async () => {
        clock.advance(3_000);
        await agent.settle();
        expect(routes.view.get(deployment.endpointId)!.state).toBe(RouteState.ROUTE_STATE_COLD);
        expect(agent.desired!.replicas).toEqual([]);
      },
      { withinMs: 20_000 },
    );
    expect(clock.now().getTime() - since).toBeGreaterThanOrEqual(IDLE_MS);
    expect(await wanted()).toBe(0);
  });

  it('is woken although it failed often before it served', async () => {
    const { deploymentId } = deployment;
    await cell.query(
      `INSERT INTO replicas SELECT (jsonb_populate_record(NULL::replicas, to_jsonb(served) || jsonb_build_object(
         'id', 'rep_failed' || n, 'phase', 'failed', 'reason', 'EXITED', 'ready_at', null,
         'phase_at', served.ready_at - interval '1 second'))).*
       FROM (SELECT * FROM replicas WHERE deployment_id = $1 AND phase = 'stopped' LIMIT 1) AS served, generate_series(1, 5) AS n`,
      [deploymentId],
    );
    const waiting = new AbortController();
    const answer = gateway.activate(asking(), { signal: waiting.signal })[Symbol.asyncIterator]().next();
    await eventually(() => expect(agent.desired!.replicas).toHaveLength(1));
    await answer;
    waiting.abort();
    await told(asking({ waitingRequests: 0 }));
    await agent.obey(Phase.REPLICA_PHASE_READY);
    await eventually(
      async () => {
        clock.advance(3_000);
        await agent.settle();
        expect(agent.desired!.replicas).toEqual([]);
      },
      { withinMs: 20_000 },
    );
  });

  it('stays cold when the lease of a gateway that died has ended', async () => {
    await cell.query(`INSERT INTO demand_leases VALUES ($1, 'inc_dead', 3, $2, $2)`, [
      deployment.deploymentId,
      clock.now(),
    ]);
    clock.advance(120_000);
    await eventually(async () => {
      const due = await cell.query('SELECT due_at FROM deployments');
      expect((due[0]!['due_at'] as Date).getTime()).toBeGreaterThan(clock.now().getTime());
    });
    expect(await wanted()).toBe(0);
  });

  it('tells which resource is short where a replica finds no room', async () => {
    const huge = await cell.deploy({ autoscaling: SLEEPY, accelerators: { ...HALF, memoryBytesEach: 2n ** 40n } });
    const messages: string[] = [];
    for await (const { message } of gateway.activate(asking({ deploymentId: huge.deploymentId }))) {
      messages.push(message);
      if (message !== '') break;
    }
    expect(messages.at(-1)).toMatch(/needed|fit/);
  });

  it('cannot be woken by anybody else, nor if its number is set by hand', async () => {
    const api = await cell.client(ActivationServiceService);
    await expect(api.activate(asking())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
    const manual = await cell.deploy({ replicas: 0 });
    await expect(told(asking({ deploymentId: manual.deploymentId }))).rejects.toMatchObject({
      reason: 'DEPLOYMENT_NOT_SCALABLE',
    });
    await expect(told(asking({ until: undefined }))).rejects.toMatchObject({ reason: 'INVALID_ACTIVATION' });
  });
});
