import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { manualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { openRouteView, type RouteView } from './route-view.ts';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory } from './scripted-agent.ts';

const { REPLICA_PHASE_READY, REPLICA_PHASE_PLACED, REPLICA_PHASE_FAILED } = schedulingV1.ReplicaPhase;
const { NODE_STATE_DEAD, NODE_STATE_READY } = schedulingV1.NodeState;

describe('nodes and their agents', () => {
  const clock = manualClock(new Date());
  let cell: RunningScheduler;
  let routes: RouteView;
  beforeAll(async () => {
    cell = await RunningScheduler.open({ clock });
    routes = await openRouteView(cell.brokers, await cell.caPem());
  });
  afterAll(async () => {
    await routes.close();
    await cell.close();
  });

  const inCountry = (country: string) => ({
    site: { country },
    residency: { countries: [country], operators: [], certifications: [] },
  });

  async function stateOf(nodeId: string) {
    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const { node } = await nodes.getNode({ organizationId: cell.organizationId, node: nodeId }, await cell.as());
    return node!.state;
  }

  it('gives up a silent node, places its replicas elsewhere, and takes it back without them', async () => {
    const { site, residency } = inCountry('DE');
    const silent = await (await cell.agent({ site })).connect();
    const { deploymentId, endpointId } = await cell.deploy({ residency });
    await eventually(() => expect(silent.desired?.replicas).toHaveLength(1));
    await silent.obey();
    await eventually(() => expect(routes.view.get(endpointId)!.state).toBe(schedulingV1.RouteState.ROUTE_STATE_READY));
    const other = await (await cell.agent({ site })).connect();

    await eventually(async () => {
      clock.advance(1_000);
      await other.obey();
      expect(other.desired?.replicas).toHaveLength(1);
    });
    const [moved, lost] = await cell.replicas(deploymentId);
    expect(lost).toMatchObject({ nodeId: silent.nodeId, phase: REPLICA_PHASE_FAILED, reason: 'NODE_LOST' });
    expect(moved!.nodeId).toBe(other.nodeId);
    expect(await stateOf(silent.nodeId)).toBe(NODE_STATE_DEAD);
    await eventually(() => {
      const causes = routes.versionsOf(endpointId).map(({ cause }) => cause);
      expect(causes).toContain(schedulingV1.RouteCause.ROUTE_CAUSE_NODE_LOST);
    });

    // It still runs what was given up: its memory stays promised until it no longer does.
    await silent.report();
    await eventually(async () => expect(await stateOf(silent.nodeId)).toBe(NODE_STATE_READY));
    expect(silent.desired!.replicas).toEqual([]);
    const held = 'SELECT 1 FROM placements WHERE node_id = $1';
    expect(await cell.query(held, [silent.nodeId])).toHaveLength(1);
    await silent.obey();
    await eventually(async () => expect(await cell.query(held, [silent.nodeId])).toEqual([]));
  });

  it('ignores what an agent says under a fencing token of another life', async () => {
    const { site, residency } = inCountry('AT');
    const agent = await (await cell.agent({ site })).connect();
    const { deploymentId } = await cell.deploy({ residency });
    const wanted = await eventually(() => {
      expect(agent.desired?.replicas).toHaveLength(1);
      return agent.desired!.replicas[0]!;
    });
    const reports = async () => {
      const [row] = await cell.query('SELECT report_number FROM nodes WHERE id = $1', [agent.nodeId]);
      return Number(row!['report_number']);
    };
    // Reports are taken in one after the other: once the second is counted, all of the first has had its effect.
    for (let sent = 0; sent < 2; sent += 1) {
      const before = await reports();
      await agent.obey(REPLICA_PHASE_READY, { fencingToken: wanted.fencingToken - 1n });
      await eventually(async () => expect(await reports()).toBe(before + 1));
    }
    expect((await cell.replicas(deploymentId))[0]!.phase).toBe(REPLICA_PHASE_PLACED);
    await agent.obey(REPLICA_PHASE_READY);
    await eventually(async () => expect((await cell.replicas(deploymentId))[0]!.phase).toBe(REPLICA_PHASE_READY));
  });

  it('sends the desired state again to an agent that lost it, and nothing to one that holds it', async () => {
    const { site, residency } = inCountry('IT');
    const agent = await (await cell.agent({ site })).connect();
    await cell.deploy({ residency });
    await eventually(() => expect(agent.desired?.replicas).toHaveLength(1));
    const { epoch, generation } = agent.desired!;
    await agent.disconnect();
    const again = await (await cell.reconnecting(agent.nodeId)).connect();
    await eventually(() => expect(again.desired).toEqual(agent.desired));
    await again.obey();
    await again.disconnect();

    const holding = await cell.reconnecting(agent.nodeId);
    await holding.connect({ heldEpoch: epoch, heldGeneration: generation });
    await eventually(async () => expect(await stateOf(agent.nodeId)).toBe(NODE_STATE_READY));
    expect(holding.received).toEqual([]);
  });

  it('keeps its generations over a restart of the scheduler', async () => {
    const { site, residency } = inCountry('ES');
    const agent = await (await cell.agent({ site })).connect();
    await cell.deploy({ residency });
    await eventually(() => expect(agent.desired?.replicas).toHaveLength(1));
    const before = agent.desired!;
    await cell.stop();
    await cell.start();
    const again = await (await cell.reconnecting(agent.nodeId)).connect();
    await eventually(() => expect(again.desired).toEqual(before));
  });

  it('ends the older stream of a node that opens another', async () => {
    const agent = await (await cell.agent(inCountry('PT'))).connect();
    const newer = await (await cell.reconnecting(agent.nodeId)).connect();
    await eventually(() => expect(agent.failure).toMatchObject({ reason: 'STREAM_REPLACED' }));
    expect(newer.failure).toBeUndefined();
  });

  it('ends the stream of an agent whose inventory makes no sense, and keeps the books as they were', async () => {
    const { accelerators, ...inventory } = anInventory();
    const agent = await cell.agent({ inventory: { ...inventory, accelerators: [...accelerators, ...accelerators] } });
    await agent.connect();
    await eventually(() => expect(agent.failure).toMatchObject({ reason: 'INVALID_NODE_SNAPSHOT' }));
  });

  it('knows no node that identity does not know', async () => {
    const agent = await cell.agent();
    cell.knowledge.nodes.delete(agent.nodeId);
    await agent.connect();
    await eventually(() => expect(agent.failure).toMatchObject({ reason: 'NODE_NOT_FOUND' }));
  });

  it('relays log lines to those who follow, for as long as they do', async () => {
    const { site, residency } = inCountry('BE');
    const agent = await (await cell.agent({ site })).connect();
    const { deploymentId } = await cell.deploy({ residency });
    const wanted = await eventually(() => {
      expect(agent.desired?.replicas).toHaveLength(1);
      return agent.desired!.replicas[0]!;
    });
    const deployments = await cell.client(schedulingV1.DeploymentServiceService);
    const { organizationId } = cell;
    const followed = deployments.followLogs({ organizationId, deploymentId, replicaId: '' }, await cell.as());
    const reading = followed[Symbol.asyncIterator]();
    const first = reading.next();
    const subscriptions = () => agent.received.at(-1)!.logSubscriptions;
    await eventually(() => expect(subscriptions()).toHaveLength(1));
    const [{ subscriptionId, replicaId }] = subscriptions() as [nodeV1.LogSubscription];
    expect(replicaId).toBe(wanted.replicaId);
    await agent.say({ subscriptionId: 'another', replicaId, lines: ['not for you'] });
    await agent.say({ subscriptionId, replicaId, lines: ['ready to serve'] });
    expect((await first).value).toMatchObject({ replicaId, line: 'ready to serve' });
    followed.cancel();
    await eventually(() => expect(subscriptions()).toEqual([]));
  });
});
