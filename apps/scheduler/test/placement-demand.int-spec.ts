import { createHash } from 'node:crypto';
import { schedulingV1 } from '@ostro/contracts';
import { systemClock } from '@ostro/kernel';
import type { DemandMix } from '@ostro/placement';
import { eventually } from '@ostro/testing';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory, type ScriptedAgent } from './scripted-agent.ts';

const GIB = 2n ** 30n;
const HALF_OF_AN_H100 = { models: ['H100-80GB'], count: 1, memoryBytesEach: 40n * GIB };
const SMALL = { models: [], count: 1, memoryBytesEach: 10n * GIB };
const NOWHERE = { countries: ['CH'], operators: [], certifications: [] };

describe('the demand for replicas', () => {
  let cell: RunningScheduler;
  let half: ScriptedAgent;
  let whole: ScriptedAgent;
  beforeEach(async () => {
    cell = await RunningScheduler.open();
    half = await (await cell.agent({ inventory: anInventory({ gpus: 1, model: 'H100-80GB' }) })).connect();
    whole = await (await cell.agent({ inventory: anInventory({ gpus: 2, model: 'A100-80GB' }) })).connect();
    await eventually(async () => {
      expect(await cell.query('SELECT 1 FROM nodes WHERE reported_at IS NOT NULL')).toHaveLength(2);
    });
    await cell.deploy({ accelerators: HALF_OF_AN_H100 });
    await eventually(() => expect(half.desired?.replicas).toHaveLength(1));
  });
  afterEach(() => cell.close());

  /** Decides where a small replica goes that fits on either node. */
  async function placeOfSmall(): Promise<schedulingV1.Replica> {
    const { deploymentId } = await cell.deploy({ accelerators: SMALL });
    return eventually(async () => {
      const [replica] = await cell.replicas(deploymentId);
      expect(replica).toMatchObject({ reason: 'PLACED' });
      return replica!;
    });
  }

  async function ask(replicas: number): Promise<void> {
    const { deploymentId } = await cell.deploy({ accelerators: HALF_OF_AN_H100, residency: NOWHERE, replicas });
    await eventually(async () => {
      const refused = await cell.query(`SELECT 1 FROM replicas WHERE deployment_id = $1 AND reason = 'UNSCHEDULABLE'`, [
        deploymentId,
      ]);
      expect(refused).toHaveLength(replicas);
    });
  }

  /** The mix by the name that the decision tells. */
  async function demandOf({ decisionId }: schedulingV1.Replica): Promise<DemandMix> {
    const nodes = await cell.client(schedulingV1.NodeServiceService);
    const { organizationId } = cell;
    const { decision } = await nodes.getDecision({ organizationId, decisionId }, await cell.as());
    const { demandDigest } = JSON.parse(decision!.inputsJson) as { demandDigest: string };
    const [kept] = await cell.query('SELECT mix, mix::text AS text FROM demand_mixes WHERE digest = $1', [
      demandDigest,
    ]);
    expect(demandDigest).toBe(`sha256:${createHash('sha256').update(String(kept!['text'])).digest('hex')}`);
    return kept!['mix'] as DemandMix;
  }

  it('decides what free capacity is worth: a hole is filled until others are seen to need it', async () => {
    const before = await placeOfSmall();
    expect(before.nodeId).toBe(half.nodeId);
    await ask(70);
    const after = await placeOfSmall();
    expect(after.nodeId).toBe(whole.nodeId);

    const [most] = await demandOf(after);
    expect(most).toMatchObject({ models: ['H100-80GB'], memoryBytesEach: Number(40n * GIB), arrivals: 63 });
    expect(await demandOf(before)).not.toContainEqual(most);
  });

  it('counts a replica once, though it is refused first and placed later', async () => {
    await ask(14);
    const inventory = anInventory({ gpus: 7, model: 'H100-80GB' });
    const rescue = await (await cell.agent({ site: { country: 'CH' }, inventory })).connect();
    await eventually(() => expect(rescue.desired?.replicas).toHaveLength(14));
    // 15 replicas so far: the first of them made the mix, and the sixteenth is this one.
    expect((await demandOf(await placeOfSmall()))[0]).toMatchObject({ models: ['H100-80GB'], arrivals: 1 });
  });

  it('is remembered over a restart', async () => {
    // Less than what makes a process learn by itself: what decides is what the next process reads.
    await ask(12);
    await cell.stop();
    await cell.start();
    expect((await demandOf(await placeOfSmall()))[0]).toMatchObject({ models: ['H100-80GB'], arrivals: 13 });
  });

  it('is kept for as long as a decision names it', async () => {
    await cell.query(`INSERT INTO demand_mixes (digest, mix) VALUES ('sha256:unused', '[]')`);
    const { retention } = await cell.unattended(systemClock);
    await retention.tick();
    const kept = await cell.query('SELECT DISTINCT demand_digest AS digest FROM decisions');
    expect(kept).toHaveLength(1);
    expect(await cell.query('SELECT digest FROM demand_mixes')).toEqual(kept);
  });
});
