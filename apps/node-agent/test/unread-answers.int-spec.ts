import { type nodeV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { TestCell } from './cell.ts';
import type { GatewayClient } from './gateway-client.ts';
import { ModelServerClient } from './model-server/model-server-client.ts';

const CLIENTS = 8;
const MIB = 1024 * 1024;

describe('answers that nobody reads', () => {
  let cell: TestCell;
  let gateway: GatewayClient;
  let fast: nodeV1.DesiredReplica;

  beforeAll(async () => {
    cell = await TestCell.open();
    await cell.startAgent({ OSTRO_SIMULATED_DECODE_MS: '0' });
    await eventually(() => cell.scheduler.lastReport);
    fast = cell.aReplica({ contextTokens: 1_000_000, concurrency: CLIENTS });
    await cell.ready(fast);
    gateway = await cell.gateway();
  });

  afterAll(async () => {
    gateway?.close();
    await cell?.close();
  });

  it('stop their engine and hold no more than the buffers of sockets', async () => {
    const engine = new ModelServerClient(`${cell.agentDir}/sockets/${fast.replicaId}.sock`);
    const before = process.memoryUsage();
    const body = { model: 'x', prompt: 'go', stream: true, max_tokens: 900_000 };
    const asked = { replicaId: fast.replicaId, path: '/v1/completions', body };
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
    // Far from its end, and what was generated is not in this process, which is agent and client in one.
    expect(Math.max(...last)).toBeLessThan(200_000);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(CLIENTS * MIB);
    for (const { response, leave } of opened) {
      response.on('error', () => undefined);
      leave();
    }
    await eventually(async () => expect(await engine.metric('requests_running')).toBe(0));
    await engine.close();
  });
});
