import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@ostro/testing';
import { AgentProcess } from './agent-process.ts';
import { TestCell } from './cell.ts';
import { ModelServerClient } from './model-server/model-server-client.ts';

const CLIENTS = 10;
/** As the README says to run it: a young generation without a limit hides what is kept behind what is not collected. */
const NODE_OPTIONS = '--max-old-space-size=160 --max-semi-space-size=8';
const MOST_GROWTH_KIB = 40 * 1024;

describe('answers that nobody reads', () => {
  let cell: TestCell;
  let agent: AgentProcess;

  beforeAll(async () => {
    cell = await TestCell.open();
    const timing = { OSTRO_SIMULATED_DECODE_MS: '0', OSTRO_SIMULATED_PREFILL_TOKENS_PER_SECOND: '1000000' };
    const env = { ...(await cell.env(timing)), NODE_OPTIONS, OSTRO_READY_FILE: join(cell.dir, 'ready.json') };
    agent = new AgentProcess(env);
    await eventually(() => cell.scheduler.lastReport, { withinMs: 60_000 });
  });

  afterAll(async () => {
    await agent?.end('SIGTERM');
    await cell?.close();
  });

  it('stop their engine and hold no more than the buffers of sockets', async () => {
    const fast = cell.aReplica({ contextTokens: 1_000_000, concurrency: CLIENTS });
    await cell.ready(fast);
    const gateway = await cell.gateway();
    const engine = new ModelServerClient(`${cell.agentDir}/sockets/${fast.replicaId}.sock`);
    const body = { model: 'x', prompt: 'go', stream: true, max_tokens: 900_000 };
    const asked = { replicaId: fast.replicaId, path: '/v1/completions', body };
    // What a first answer makes every process load is not what is measured.
    const warmUp = { ...asked, body: { ...body, max_tokens: 2_000 } };
    await Promise.all(Array.from({ length: CLIENTS }, () => gateway.ask(warmUp)));
    const { pid } = JSON.parse(await readFile(join(cell.dir, 'ready.json'), 'utf8')) as { pid: number };
    const before = await residentKib(pid);
    const opened = await Promise.all(Array.from({ length: CLIENTS }, () => gateway.open(asked)));
    let last: number[] = [];
    await eventually(
      async () => {
        const slots = (await engine.get('/slots')).json as { n_decoded: number }[];
        const now = slots.map((slot) => slot.n_decoded);
        const stands = now.every((decoded, slot) => decoded > 0 && decoded === last[slot]);
        last = now;
        expect(stands).toBe(true);
      },
      { everyMs: 250, withinMs: 60_000 },
    );
    expect(Math.max(...last)).toBeLessThan(200_000);
    expect((await residentKib(pid)) - before).toBeLessThan(MOST_GROWTH_KIB);
    for (const { response, leave } of opened) {
      response.on('error', () => undefined);
      leave();
    }
    await eventually(async () => expect(await engine.metric('requests_running')).toBe(0));
    gateway.close();
    await engine.close();
  });
});

async function residentKib(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
