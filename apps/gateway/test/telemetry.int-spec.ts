import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { answerChat } from './scripted-agent.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PROMPT = 'a prompt that nobody may read';
const ANSWER = 'an answer that nobody may read';

describe('what is told of a request', () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await RunningGateway.open({ OSTRO_LOG_LEVEL: 'trace' });
    gateway.agent.script = answerChat(ANSWER);
  });
  afterAll(() => gateway.close());

  it('is one trace, one line with ids and counts, and the gen_ai metrics; never content', async () => {
    const messages = [{ role: 'user', content: PROMPT }];
    const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
    const response = await gateway.chat({ messages, stream: true }, { headers });
    await response.text();

    const { headers: sent, begun } = gateway.agent.calls.at(-1)!;
    expect(sent['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    expect(begun.traceparent).toBe(sent['traceparent']);

    const line = await eventually(() => {
      const found = gateway.logs
        .map((text) => JSON.parse(text) as Record<string, unknown>)
        .find(({ message }) => message === 'request');
      expect(found).toBeDefined();
      return found!;
    }, WITHIN);
    expect(line).toMatchObject({
      trace_id: TRACE_ID,
      request_id: response.headers.get('x-request-id'),
      key_id: gateway.key.record.keyId,
      organization_id: gateway.cell.organizationId,
      endpoint: gateway.model,
      status: 200,
      outcome: 'completed',
      stream: true,
      attempts: 1,
      replica_id: gateway.agent.replicaId,
      input_tokens: 7,
      output_tokens: 3,
      ms: expect.any(Number) as number,
      first_token_ms: expect.any(Number) as number,
    });

    const metrics = await gateway.context.metrics.registry.metrics();
    const labels = `gen_ai_operation_name="chat",gen_ai_request_model="${gateway.model}"`;
    const durations = `gen_ai_server_request_duration_seconds_count{service="gateway",${labels},error_type=""} 1`;
    const outputs = `gen_ai_client_token_usage_tokens_sum{service="gateway",${labels},gen_ai_token_type="output"} 3`;
    expect(metrics.split('\n')).toEqual(expect.arrayContaining([durations, outputs]));
    for (const text of [PROMPT, ANSWER, gateway.key.secret]) expect(gateway.logs.join() + metrics).not.toContain(text);
  });

  it('names the parameter that was wrong, and makes no metric of names that clients make up', async () => {
    await gateway.chat({ model: 'made-up', messages: [{ role: PROMPT, content: 'Hi' }] });
    await eventually(() => expect(gateway.logs.join()).toContain('"error_param":"messages[0].role"'), WITHIN);
    await gateway.chat({ [PROMPT]: 1 });
    await eventually(() => expect(gateway.logs.join()).toContain('"error_code":"unknown_parameter"'), WITHIN);
    expect(gateway.logs.join()).toContain('"outcome":"not_admitted"');
    expect(await gateway.context.metrics.registry.metrics()).not.toContain('made-up');
    expect(gateway.logs.join()).not.toContain(PROMPT);
  });
});
