import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyGguf, tinyModel, writeGguf } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { Fleet } from './fleet.ts';
import { allCharges, askOnce, expectBalanceOfCharges, expectBilledOnce } from './usage.ts';

describe('crashes', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.deploy('tiny', tinyModel({ seed: 1 }));
  }, 180_000);
  afterAll(() => fleet?.stop(), 60_000);

  it('a gateway killed right after an answer has it billed once', async () => {
    const requestId = await askOnce(fleet, 'tiny');
    await fleet.process('gateway').kill('SIGKILL');
    await fleet.process('gateway').start();
    await expectBilledOnce(fleet, [requestId]);
  }, 90_000);

  it('a gateway killed in the middle of a stream bills nothing that the witness did not see end', async () => {
    const { data: stream, response } = await fleet
      .openai()
      .completions.create({ model: 'tiny', prompt: 'a long answer', max_tokens: 4_000, stream: true })
      .withResponse();
    const requestId = response.headers.get('x-request-id')!;
    const pieces = stream[Symbol.asyncIterator]();
    await pieces.next();
    await fleet.process('gateway').kill('SIGKILL');
    await expect(drain(pieces)).rejects.toThrow();
    await fleet.process('gateway').start();
    // Usage is settled in order: once a later request is billed, this one has been decided.
    const later = await askOnce(fleet, 'tiny');
    await expectBilledOnce(fleet, [later]);
    const charges = (await allCharges(fleet)).filter(({ request_id: id }) => id === requestId);
    expect(charges.length).toBeLessThanOrEqual(1);
    for (const charge of charges) expect(charge).toMatchObject({ amount: { amount: '0' } });
  }, 120_000);

  it('an agent killed with -9 leaves the model server running, and the next agent takes it over', async () => {
    const before = await modelServerOf(fleet, 'tiny');
    await fleet.process('node-agent').kill('SIGKILL');
    process.kill(before.pid, 0);
    await fleet.process('node-agent').start();
    await fleet.isServed('tiny');
    expect(await modelServerOf(fleet, 'tiny')).toEqual(before);
  }, 120_000);

  it('a model too large for every node says which resource is short, on which node', async () => {
    const api = fleet.management();
    await api.post('/v1/deployments', {
      name: 'huge',
      spec: { model: 'tiny', replicas: 1, accelerators: { memory_bytes_each: 2 ** 41 } },
    });
    await eventually(
      async () => {
        const { conditions } = await api.get<{ conditions: { message: string }[] }>('/v1/deployments/huge');
        const text = conditions.map(({ message }) => message).join(' ');
        expect(text).toMatch(/GiB|TiB/);
        expect(text).toMatch(/nod_|lab-1/);
      },
      { withinMs: 30_000 },
    );
    await api.delete('/v1/deployments/huge');
  }, 60_000);

  it('a model server that cannot load its model fails with its last log lines, and is not restarted for ever', async () => {
    const api = fleet.management();
    await api.importModel('broken', brokenModel());
    await api.post('/v1/deployments', { name: 'broken', spec: { model: 'broken', replicas: 1 } });
    await eventually(
      async () => {
        const { items } = await api.get<{ items: { phase: string; last_log_lines: string[] }[] }>(
          '/v1/deployments/broken/replicas',
        );
        const failed = items.find(({ phase }) => phase === 'failed');
        expect(failed?.last_log_lines.length).toBeGreaterThan(0);
        expect(items.length).toBeLessThanOrEqual(6);
      },
      { withinMs: 60_000, everyMs: 200 },
    );
    await fleet.isServed('tiny');
    await api.delete('/v1/deployments/broken');
  }, 90_000);

  it('billing that gets everything again charges nothing again', async () => {
    const ids = [await askOnce(fleet, 'tiny'), await askOnce(fleet, 'tiny')];
    await expectBilledOnce(fleet, ids);
    await fleet.process('billing').kill('SIGKILL');
    await fleet.process('gateway').kill('SIGKILL');
    // The gateway replays its whole spool; the agent its witness log.
    await fleet.process('node-agent').kill('SIGKILL');
    await Promise.all(['billing', 'gateway', 'node-agent'].map((name) => fleet.process(name).start()));
    await fleet.isServed('tiny');
    await expectBilledOnce(fleet, ids);
    await expectBalanceOfCharges(fleet);
  }, 150_000);
});

/** Whole by its header, yet of an architecture that needs tensors it does not have: only the engine notices. */
function brokenModel(): Uint8Array {
  const { metadata, tensors } = tinyGguf();
  const renamed = metadata.map(([key, value]): (typeof metadata)[number] => [
    key.replace(/^llama\./, 'qwen3.'),
    key === 'general.architecture' ? { type: 'STRING', value: 'qwen3' } : value,
  ]);
  return writeGguf({ metadata: renamed, tensors }).bytes;
}

interface ReplicaView {
  replica_id: string;
  restart_count: number;
}

/** Which process serves, as the agent's own record says. */
async function modelServerOf(fleet: Fleet, deployment: string) {
  const { items } = await fleet.management().get<{ items: ReplicaView[] }>(`/v1/deployments/${deployment}/replicas`);
  const { replica_id: replicaId, restart_count: restartCount } = items[0]!;
  const record = join(fleet.dir, 'node-agent', 'sockets', `${replicaId}.process.json`);
  const { pid } = JSON.parse(await readFile(record, 'utf8')) as { pid: number };
  return { replicaId, restartCount, pid };
}

async function drain(pieces: AsyncIterator<unknown>): Promise<void> {
  while (!(await pieces.next()).done);
}
