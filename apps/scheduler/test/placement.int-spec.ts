import { schedulingV1 } from '@ostro/contracts';
import { ENGINE_VERSION } from '@ostro/placement';
import { eventually } from '@ostro/testing';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory } from './scripted-agent.ts';

const { REPLICA_PHASE_PENDING, REPLICA_PHASE_READY } = schedulingV1.ReplicaPhase;
const GIB = 2n ** 30n;

describe('placement', () => {
  let cell: RunningScheduler;
  beforeAll(async () => {
    cell = await RunningScheduler.open();
  });
  afterAll(() => cell.close());

  it('says which resource is short on which node, keeps the decision, and places once there is room', async () => {
    const small = await (await cell.agent({ inventory: anInventory({ gigabytes: 24, model: 'L4-24GB' }) })).connect();
    cell.publishModel('large', 70);
    const { deploymentId } = await cell.deploy({ model: 'large' });
    const [stuck] = await eventually(async () => {
      const replicas = await cell.replicas(deploymentId);
      expect(replicas[0]).toMatchObject({ phase: REPLICA_PHASE_PENDING, reason: 'UNSCHEDULABLE' });
      return replicas;
    });
    expect(stuck!.message).toMatch(
      new RegExp(`node ${small.nodeId} has 24.0 GiB free on its best L4-24GB, 13\\d.* GiB needed`),
    );
    const { phase, conditions } = await cell.show(deploymentId);
    expect(phase).toBe(schedulingV1.DeploymentPhase.DEPLOYMENT_PHASE_DEGRADED);
    expect(conditions.find(({ type }) => type === 'Placed')!.message).toBe(stuck!.message);

    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const { organizationId } = cell;
    const { decision } = await nodes.getDecision({ organizationId, decisionId: stuck!.decisionId }, await cell.as());
    expect(decision).toMatchObject({ replicaId: stuck!.replicaId, nodeId: '', engineVersion: ENGINE_VERSION });
    expect(decision!.rejections).toEqual([expect.stringContaining('vram-fits refused 1')]);
    expect(decision!.profileDigest).toMatch(/^sha256:[0-9a-f]{64}$/);

    const big = await (await cell.agent({ inventory: anInventory({ gigabytes: 141, model: 'H200-141GB' }) })).connect();
    await eventually(() => expect(big.desired?.replicas).toHaveLength(1));
    await big.obey();
    await eventually(async () => {
      const [placed] = await cell.replicas(deploymentId);
      expect(placed).toMatchObject({ nodeId: big.nodeId, phase: REPLICA_PHASE_READY });
      expect(placed!.decisionId).not.toBe(stuck!.decisionId);
    });
  });

  it('never promises the same memory twice, and shows what is left', async () => {
    const agent = await (await cell.agent({ site: { country: 'SE' }, inventory: anInventory({ gpus: 2 }) })).connect();
    const residency = { countries: ['SE'], operators: [], certifications: [] };
    const accelerators = { models: [], count: 1, memoryBytesEach: 30n * GIB };
    const { deploymentId } = await cell.deploy({ replicas: 5, residency, accelerators });
    await eventually(async () => {
      expect(agent.desired?.replicas).toHaveLength(4);
      expect((await cell.replicas(deploymentId)).filter(({ reason }) => reason === 'UNSCHEDULABLE')).toHaveLength(1);
    });
    const held = agent.desired!.replicas.flatMap(({ acceleratorIds }) => acceleratorIds);
    expect(held.toSorted()).toEqual(['GPU-0', 'GPU-0', 'GPU-1', 'GPU-1']);
    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const request = { organizationId: cell.organizationId, node: agent.nodeId };
    const { node } = await nodes.getNode(request, await cell.as());
    expect(node!.accelerators.map(({ freeMemoryBytes }) => freeMemoryBytes)).toEqual([20n * GIB, 20n * GIB]);
    expect(node).toMatchObject({ replicas: 4, country: 'SE', freeCpuMilli: 60_000 });
  });

  it('keeps data where the policy says, and waits rather than leave', async () => {
    const residency = { countries: ['CH'], operators: [], certifications: [] };
    const { deploymentId } = await cell.deploy({ residency });
    const [replica] = await eventually(async () => {
      const replicas = await cell.replicas(deploymentId);
      expect(replicas[0]).toMatchObject({ reason: 'UNSCHEDULABLE' });
      return replicas;
    });
    expect(replica!.message).toContain('only CH allowed');
  });

  it('does not send a replica to a node that cannot start its runtime', async () => {
    const residency = { countries: ['NO'], operators: [], certifications: [] };
    const agent = await cell.agent({
      site: { country: 'NO' },
      inventory: { ...anInventory(), runtimes: [schedulingV1.RuntimeKind.RUNTIME_KIND_LLAMA_CPP] },
    });
    await agent.connect();
    const { deploymentId } = await cell.deploy({ residency });
    await eventually(async () => {
      const [replica] = await cell.replicas(deploymentId);
      expect(replica!.message).toContain(`node ${agent.nodeId} can start llama-cpp, simulated needed`);
    });
  });
});
