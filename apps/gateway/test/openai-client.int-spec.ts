import { usageV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';

describe('the official openai client', () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
  });
  afterAll(() => gateway.close());

  it('chats', async () => {
    const { data, response, request_id } = await gateway
      .openai()
      .chat.completions.create({ model: gateway.model, messages: [{ role: 'user', content: 'Hi' }] })
      .withResponse();
    expect(data.choices[0]!.message.content).toBe('Hello');
    expect(data.usage).toEqual({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
    expect(request_id).toMatch(/^req_[0-9a-f]{32}$/);
    expect(response.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(response.headers.get('x-ostro-model-digest')).toBe(gateway.route.targets[0]!.modelDigest);
    expect(response.headers.get('x-ostro-input-tokens')).toBeNull();
  });

  it('streams, and the usage of the request arrives on Kafka once', async () => {
    const usage = gateway.cell.collectUsage();
    const stream = await gateway
      .openai()
      .chat.completions.create({ model: gateway.model, messages: [{ role: 'user', content: 'Hi' }], stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]!.delta.content ?? '';
    expect(text).toBe('Hello');
    const { begun } = gateway.agent.calls.at(-1)!;
    await eventually(() => {
      const [recorded, ...again] = usage.recorded.filter((entry) => entry.begun!.requestId === begun.requestId);
      expect(again).toEqual([]);
      expect(recorded).toMatchObject({
        begun,
        outcome: usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED,
        tokens: { inputTokens: 7n, cachedInputTokens: 2n, outputTokens: 3n },
        attempts: [{ number: 1, replicaId: gateway.agent.replicaId, nodeId: gateway.agent.nodeId }],
        gatewayIncarnation: gateway.context.incarnation,
      });
    }, WITHIN);
    expect(begun).toMatchObject({
      organizationId: gateway.cell.organizationId,
      projectId: gateway.cell.projectId,
      keyId: gateway.key.record.keyId,
      endpointName: gateway.model,
      priceBookId: 'pbk_default',
      priceVersion: 3,
      sku: '*/realtime',
      stream: true,
    });
    await usage.stop();
  });
});
