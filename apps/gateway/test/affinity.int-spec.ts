import { randomUUID } from 'node:crypto';
import { schedulingV1 } from '@ostro/contracts';
import { RunningGateway } from './running-gateway.ts';
import { aRoute, ScriptedAgent } from './scripted-agent.ts';

const CONTRACT = 'The parties agree on what is written below. '.repeat(60);

describe('two replicas', () => {
  let edge: RunningGateway;
  let second: ScriptedAgent;
  let model: string;
  beforeAll(async () => {
    edge = await RunningGateway.open();
    second = await ScriptedAgent.open(edge.cell);
    model = await edge.addRoute(
      aRoute(edge.cell, [edge.agent.replica(), second.replica()], {
        endpoint: { audience: schedulingV1.Audience.AUDIENCE_EVERYONE },
        target: { contextTokens: 32_768 },
      }),
    );
  });
  afterAll(async () => {
    await second?.close();
    await edge?.close();
  });

  const calls = () => [edge.agent.calls.length, second.calls.length];

  /** @returns which of the two it went to. */
  async function ask(content: string, secret = edge.key.secret): Promise<number> {
    const before = calls();
    const response = await edge.chat(
      { model, messages: [{ role: 'user', content }] },
      { headers: { authorization: `Bearer ${secret}` } },
    );
    expect(response.status).toBe(200);
    await response.text();
    return calls().findIndex((count, at) => count > before[at]!);
  }

  /** Prompt tokens, by who counted them and which. */
  async function tokens(countedBy: string, part: string): Promise<number> {
    const text = await edge.context.metrics.registry.metrics();
    return Number(new RegExp(`prompt_tokens_total{counted_by="${countedBy}",part="${part}".*} (\\d+)`).exec(text)?.[1]);
  }

  it('serve requests with the same beginning from the same one, and share out others', async () => {
    const first = await ask(`${CONTRACT} Who signs?`);
    for (const question of ['When?', 'Where?', 'Why?']) expect(await ask(`${CONTRACT} ${question}`)).toBe(first);
    const others = await Promise.all(Array.from({ length: 24 }, () => edge.chat({ model, messages: [another()] })));
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(Math.min(...calls())).toBeGreaterThan(4);
  });

  it('tell no organization what another one has cached', async () => {
    const stranger = await edge.addKey({ organizationId: 'org_stranger', projectId: 'prj_stranger' });
    const first = await ask(`${CONTRACT} Who pays?`);
    const cached = await tokens('gateway', 'cached');
    await ask(`${CONTRACT} Who pays?`, stranger.secret);
    expect(await tokens('gateway', 'cached')).toBe(cached);
    expect(await ask(`${CONTRACT} Who pays?`)).toBe(first);
    expect(await tokens('gateway', 'cached')).toBeGreaterThan(cached + 500);
  });

  it('are shown with what was believed cached and what was', async () => {
    expect(await tokens('gateway', 'cached')).toBeGreaterThan(1_000);
    expect(await tokens('gateway', 'input')).toBeGreaterThan(await tokens('gateway', 'cached'));
    // Each answer of the script says 7 and 2.
    expect(await tokens('engine', 'input')).toBe((7 / 2) * (await tokens('engine', 'cached')));
  });
});

function another() {
  return { role: 'user', content: `${randomUUID()} ${CONTRACT}` };
}
