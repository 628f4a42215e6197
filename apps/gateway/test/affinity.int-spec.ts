import { eventually } from '@ostro/testing';
import { schedulingV1 } from '@ostro/contracts';
import { RunningGateway, WITHIN } from './running-gateway.ts';
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

  it('serve requests with the same beginning from the same one', async () => {
    const first = await ask(`${CONTRACT} Who signs?`);
    expect(await ask('y'.repeat(6_000))).toBe(1 - first);
    for (const question of ['When?', 'Where?', 'Why?']) expect(await ask(`${CONTRACT} ${question}`)).toBe(first);
  });

  it('tell no organization what another one has cached', async () => {
    const first = await ask(`${CONTRACT} Who pays?`);
    // Whoever had less to do is next for a prompt that nobody has cached: made to be the other one.
    let filled = await ask('z'.repeat(20_000));
    while (filled !== first) filled = await ask(`${filled}${'z'.repeat(20_000)}${Math.random()}`);
    const stranger = await edge.addKey({ organizationId: 'org_stranger', projectId: 'prj_stranger' });
    expect(await ask(`${CONTRACT} Who pays?`, stranger.secret)).toBe(1 - first);
    expect(await ask(`${CONTRACT} Who pays?`)).toBe(first);
  });

  it('are shown with what was believed cached and what was', async () => {
    await eventually(async () => {
      const text = await edge.context.metrics.registry.metrics();
      const value = (countedBy: string, part: string) =>
        Number(new RegExp(`prompt_tokens_total{counted_by="${countedBy}",part="${part}".*} (\\d+)`).exec(text)?.[1]);
      expect(value('gateway', 'cached')).toBeGreaterThan(1_000);
      expect(value('gateway', 'input')).toBeGreaterThan(value('gateway', 'cached'));
      // Each answer of the script says 7 and 2.
      expect(value('engine', 'input')).toBe((7 / 2) * value('engine', 'cached'));
    }, WITHIN);
  });
});
