import { tinyModel } from '@ostro/model-formats';
import { Fleet } from './fleet.ts';
import { eventually } from '@ostro/testing';
import { exact } from './usage.ts';

describe('the whole path, each app a process of its own', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.deploy('tiny', tinyModel({ seed: 1 }));
  }, 180_000);
  afterAll(() => fleet?.stop(), 60_000);

  it('answers the official client, streamed and not, with usage', async () => {
    const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }];
    const whole = await fleet.openai().chat.completions.create({ model: 'tiny', messages, max_tokens: 12 });
    expect(whole.usage!.completion_tokens).toBeLessThanOrEqual(12);
    expect(whole.usage!.total_tokens).toBe(whole.usage!.prompt_tokens + whole.usage!.completion_tokens);
    const stream = await fleet.openai().chat.completions.create({
      model: 'tiny',
      messages,
      max_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: { prompt_tokens: number } | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text.length).toBeGreaterThan(0);
    expect(usage!.prompt_tokens).toBe(whole.usage!.prompt_tokens);
  });

  it('bills an answer once, from a balanced ledger', async () => {
    const { data, response } = await fleet
      .openai()
      .chat.completions.create({ model: 'tiny', messages: [{ role: 'user', content: 'one' }], max_tokens: 8 })
      .withResponse();
    const requestId = response.headers.get('x-request-id')!;
    const charge = await fleet.management().charge(requestId);
    const quantity = (meter: string) =>
      charge.lines.filter((line) => line.meter === meter).reduce((sum, line) => sum + line.quantity, 0);
    expect(quantity('output_tokens')).toBe(data.usage!.completion_tokens);
    expect(quantity('input_tokens') + quantity('cached_input_tokens')).toBe(data.usage!.prompt_tokens);
    const sum = charge.postings.reduce((total, { amount }) => total + exact(amount.amount), 0n);
    expect(sum).toBe(0n);
    expect(charge.postings.map(({ amount }) => amount.amount)).toContain(charge.amount.amount);
  });

  it('runs in at least seven processes, and killing any one leaves the others alive', async () => {
    const processes = [...fleet.processes.values()];
    expect(new Set(processes.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(7);
    for (const victim of processes) {
      await victim.kill('SIGKILL');
      expect(processes.filter(({ isAlive }) => !isAlive)).toEqual([victim]);
      await victim.start();
    }
    await eventually(() => fleet.openai().completions.create({ model: 'tiny', prompt: 'a', max_tokens: 1 }), {
      withinMs: 60_000,
    });
  }, 180_000);
});
