import { usageV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { answerChat, aRoute, finish, head } from './scripted-agent.ts';

describe('the official openai client', () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
  });
  afterEach(() => {
    gateway.agent.script = answerChat('Hello');
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

  it('continues texts, streamed or not', async () => {
    const choices = [{ index: 0, text: 'and on', logprobs: null, finish_reason: 'stop' }];
    const answer = { id: 'cmpl-1', object: 'text_completion', created: 1, model: gateway.model, choices };
    gateway.agent.script = ({ body }, response) => {
      head(response, body['stream'] ? 'text/event-stream' : 'application/json');
      response.write(body['stream'] ? `data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n` : JSON.stringify(answer));
      finish(response);
    };
    const ask = { model: gateway.model, prompt: 'On' };
    const whole = await gateway.openai().completions.create(ask);
    const streamed: string[] = [];
    for await (const chunk of await gateway.openai().completions.create({ ...ask, stream: true })) {
      streamed.push(chunk.choices[0]!.text);
    }
    expect([whole.choices[0]!.text, ...streamed]).toEqual(['and on', 'and on']);
    expect(gateway.agent.calls.at(-1)!.path).toBe(`/replicas/${gateway.agent.replicaId}/v1/completions`);
  });

  it('gets vectors from an endpoint that makes them', async () => {
    const target = { embedding: true };
    const model = await gateway.addRoute(aRoute(gateway.cell, [gateway.agent.replica()], { target }));
    gateway.agent.script = (_call, response) => {
      head(response, 'application/json');
      const vector = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
      const data = [{ object: 'embedding', index: 0, embedding: vector }];
      response.write(JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: 1, total_tokens: 1 } }));
      finish(response);
    };
    const { data } = await gateway.openai().embeddings.create({ model, input: 'Hi' });
    expect(data[0]!.embedding).toEqual([0.5, -1]);
    expect(gateway.agent.calls.at(-1)!.body).toEqual({ model, input: 'Hi', encoding_format: 'base64' });
    const text = gateway.openai().chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });
    await expect(text).rejects.toMatchObject({ status: 400, code: 'unsupported_model' });
  });

  it('lists endpoints with what one must know to use them', async () => {
    const model = await gateway.openai().models.retrieve(gateway.model);
    const [target] = gateway.route.targets;
    expect(model).toEqual({
      id: gateway.model,
      object: 'model',
      created: expect.any(Number) as number,
      owned_by: gateway.cell.organizationId,
      state: 'ready',
      kind: 'text',
      model: 'tiny',
      digest: target!.modelDigest,
      context_tokens: 2_048,
      max_output_tokens: 512,
      default_max_output_tokens: 128,
      price: {
        currency: 'EUR',
        version: 3,
        unit_prices: [
          { meter: 'input_tokens', unit_price: '0.10', pricing_unit: 1_000_000 },
          { meter: 'cached_input_tokens', unit_price: '0.01', pricing_unit: 1_000_000 },
          { meter: 'output_tokens', unit_price: '0.30', pricing_unit: 1_000_000 },
        ],
      },
    });
  });
});
