import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { type ManualClock, manualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory, type ScriptedAgent } from './scripted-agent.ts';

const { REPLICA_GOAL_RUN, REPLICA_GOAL_DRAIN } = nodeV1.ReplicaGoal;
const Phase = schedulingV1.ReplicaPhase;
const HALF = { models: [], count: 1, memoryBytesEach: 40n * 2n ** 30n };
const IDLE_MS = 60_000;
/** Longer than any pause between two looks. */
const LOOK_MS = 3_000;

/** Between 1 and 3 replicas of a concurrency of 4, of which half is to be in use. */
const POLICY = schedulingV1.ScalingPolicy.fromPartial({
  minReplicas: 1,
  maxReplicas: 3,
  targetPercent: 50,
  idleTimeout: { seconds: BigInt(IDLE_MS / 1_000) },
});

describe('demand', () => {
  const clock: ManualClock = manualClock(new Date());
  let cell: RunningScheduler;
  let agent: ScriptedAgent;
  let deploymentId: string;
  /** The one replica that is asked while the others are not; none: all are asked alike. */
  let favourite: string | undefined;
  beforeAll(async () => {
    // Two processes: one decides, whichever it is.
    cell = await RunningScheduler.open({ clock, env: { OSTRO_NODE_DEAD_AFTER_MS: '3600000' } });
    await cell.start();
    agent = await (await cell.agent({ inventory: anInventory({ gpus: 4 }) })).connect();
    ({ deploymentId } = await cell.deploy({ autoscaling: POLICY, accelerators: HALF, replicas: 0 }));
  });
  afterAll(() => cell.close());

  /** Reports this load on each replica, and lets time pass, until so many replicas serve and the rest is gone. */
  async function serves(replicas: number, running: number, begun = running): Promise<void> {
    await eventually(
      async () => {
        clock.advance(LOOK_MS);
        await says(running, begun);
        const { readyReplicas, replicas: wanted } = await cell.show(deploymentId);
        expect([wanted, readyReplicas]).toEqual([replicas, replicas]);
        expect(agent.desired!.replicas).toHaveLength(replicas);
      },
      { withinMs: 20_000 },
    );
  }

  /** What is to be drained has stopped, the rest serves so many requests. */
  async function says(runningRequests: number, begun = runningRequests): Promise<void> {
    const { epoch, generation, replicas } = agent.desired!;
    await agent.report({
      heldEpoch: epoch,
      heldGeneration: generation,
      replicas: replicas.map(({ replicaId, fencingToken, goal }) =>
        nodeV1.ObservedReplica.fromPartial({
          replicaId,
          fencingToken,
          phase: goal === REPLICA_GOAL_DRAIN ? Phase.REPLICA_PHASE_STOPPED : Phase.REPLICA_PHASE_READY,
          runningRequests: replicaId === favourite ? 1 : runningRequests,
          begunRequests: BigInt(begun),
        }),
      ),
    });
  }

  const decisions = async () =>
    (await cell.query('SELECT id, explanation FROM scaling_decisions ORDER BY id')) as Record<string, string>[];

  it('starts at the minimum', async () => {
    await eventually(() => expect(agent.desired?.replicas).toHaveLength(1));
    await serves(1, 0);
    expect(await decisions()).toEqual([]);
  });

  it('that rises brings replicas, without a new revision, and says why', async () => {
    await serves(3, 4);
    const shown = await cell.show(deploymentId);
    expect(shown).toMatchObject({ generation: 1n, revision: { number: 1 }, autoscaling: POLICY });
    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const { organizationId } = cell;
    const { decision } = await nodes.getDecision(
      { organizationId, decisionId: shown.scalingDecisionId },
      await cell.as(),
    );
    expect(decision).toMatchObject({ deploymentId, replicaId: '' });
    expect(decision!.explanation).toContain('to 3 replicas');
    expect(JSON.parse(decision!.inputsJson)).toMatchObject({ policy: { maxReplicas: 3 }, signals: { waiting: 0 } });
  });

  it('is decided once however many processes look at it, and kept only where it changes something', async () => {
    const before = await decisions();
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThanOrEqual(2);
    for (let look = 0; look < 5; look += 1) await serves(3, 4);
    expect(await decisions()).toEqual(before);
  });

  it('that nobody reports takes nothing away', async () => {
    const seen = await cell.query('SELECT state FROM scaling_states');
    clock.advance(10 * IDLE_MS);
    await eventually(async () => expect(await cell.query('SELECT state FROM scaling_states')).not.toEqual(seen));
    expect(await cell.show(deploymentId)).toMatchObject({ replicas: 3 });
  });

  it('that falls lets those that are not asked go after the idle time, by draining', async () => {
    const looks = async () => (await cell.query('SELECT state FROM scaling_states'))[0];
    await says(4);
    const seen = await looks();
    await eventually(async () => {
      clock.advance(LOOK_MS);
      await says(4);
      expect(await looks()).not.toEqual(seen);
    });
    // The newest, which would go first if all were idle.
    favourite = agent.desired!.replicas.at(-1)!.replicaId;
    const since = clock.now().getTime();
    await serves(1, 0, 4);
    expect(clock.now().getTime() - since).toBeGreaterThanOrEqual(IDLE_MS);
    const gone = (await cell.replicas(deploymentId)).filter(({ phase }) => phase === Phase.REPLICA_PHASE_STOPPED);
    expect(gone.map(({ reason }) => reason)).toEqual(['SCALED_DOWN', 'SCALED_DOWN']);
    expect(agent.desired!.replicas).toMatchObject([{ replicaId: favourite, goal: REPLICA_GOAL_RUN }]);
  });

  it('no longer decides once the number is set by hand', async () => {
    await expect(cell.update(deploymentId, { replicas: 2 }, ['replicas'])).rejects.toMatchObject({
      reason: 'REPLICAS_FOLLOW_DEMAND',
    });
    const { deployment } = await cell.update(deploymentId, { replicas: 2 }, ['replicas', 'autoscaling']);
    expect(deployment).toMatchObject({ replicas: 2, revision: { number: 1 } });
    expect(deployment!.autoscaling).toBeUndefined();
    await serves(2, 4);
    clock.advance(LOOK_MS);
    await serves(2, 4);
  });

  it('is refused with bounds that contradict each other', async () => {
    const autoscaling = schedulingV1.ScalingPolicy.fromPartial({ minReplicas: 3, maxReplicas: 2 });
    await expect(cell.update(deploymentId, { autoscaling }, ['autoscaling'])).rejects.toMatchObject({
      reason: 'INVALID_SPEC',
      details: { field: 'autoscaling.min_replicas' },
    });
  });
});
