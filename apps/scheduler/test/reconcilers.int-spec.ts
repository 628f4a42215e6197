import { manualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory, type ScriptedAgent } from './scripted-agent.ts';

describe('several reconcilers', () => {
  let cell: RunningScheduler;
  beforeAll(async () => {
    cell = await RunningScheduler.open();
  });
  afterAll(() => cell.close());

  it('in three processes make exactly what is wanted, and share out no memory twice', async () => {
    await cell.start();
    await cell.start();
    const agents: ScriptedAgent[] = [];
    for (let index = 0; index < 3; index += 1) {
      agents.push(await (await cell.agent({ inventory: anInventory({ gpus: 4 }) })).connect());
    }
    const accelerators = { models: [], count: 1, memoryBytesEach: 30n * 2n ** 30n };
    const made = await Promise.all(Array.from({ length: 8 }, () => cell.deploy({ replicas: 3, accelerators })));
    await eventually(
      async () => {
        const counts = await cell.query(
          `SELECT count(*)::int AS replicas, count(node_id)::int AS placed FROM replicas GROUP BY deployment_id`,
        );
        expect(counts).toEqual(made.map(() => ({ replicas: 3, placed: 3 })));
      },
      { withinMs: 20_000 },
    );
    const most = await cell.query(
      `SELECT max(taken)::text AS most FROM
         (SELECT sum(memory_bytes) AS taken FROM placement_allocations GROUP BY node_id, accelerator_id) AS books`,
    );
    expect(Number(most[0]!['most'])).toBeLessThanOrEqual(80 * 2 ** 30);
    await eventually(() => {
      const sent = agents.flatMap(({ desired }) => desired?.replicas ?? []);
      expect(new Set(sent.map(({ replicaId }) => replicaId)).size).toBe(24);
      expect(new Set(sent.map(({ fencingToken }) => fencingToken)).size).toBe(24);
    });
  }, 60_000);
});

describe('a lease', () => {
  const clock = manualClock(new Date());
  let cell: RunningScheduler;
  let deploymentId: string;
  beforeAll(async () => {
    cell = await RunningScheduler.open();
    ({ deploymentId } = await cell.deploy({ replicas: 1 }));
    await eventually(async () => expect(await cell.replicas(deploymentId)).toHaveLength(1));
    await cell.update(deploymentId, { replicas: 0 }, ['replicas']);
    await cell.stop();
  });
  afterAll(() => cell.close());

  it('is given to one of many who ask at once, until it ends', async () => {
    clock.advance(120_000);
    const graphs = await Promise.all(Array.from({ length: 4 }, () => cell.unattended(clock)));
    const claims = async () => (await Promise.all(graphs.map(({ reconciler }) => reconciler.claim()))).flat();
    expect(await claims()).toHaveLength(1);
    expect(await claims()).toEqual([]);
    clock.advance(10_000);
    expect(await claims()).toHaveLength(1);
  });

  it('lets nothing be written by who had it before somebody else got it', async () => {
    await cell.query('UPDATE deployments SET replicas = 3, generation = generation + 1');
    const count = async () => (await cell.query(`SELECT 1 FROM replicas WHERE phase = 'pending'`)).length;
    const before = await count();
    const [slow, fast] = [await cell.unattended(clock), await cell.unattended(clock)];
    clock.advance(60_000);
    const [stale] = await slow.reconciler.claim();
    clock.advance(10_000);
    const [newer] = await fast.reconciler.claim();
    expect(newer).toMatchObject({ deploymentId });
    expect(newer!.token).toBeGreaterThan(stale!.token);
    expect(await slow.reconciler.reconcile(stale!)).toBe(false);
    expect(await count()).toBe(before);
    expect(await fast.reconciler.reconcile(newer!)).toBe(true);
    expect(await count()).toBe(3);
  });
});
