import { nodeV1, schedulingV1, usageV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { TestCell } from './cell.ts';
import { chunksOf, type GatewayClient, textOf } from './gateway-client.ts';
import { ModelServerClient } from './model-server/model-server-client.ts';

const { RUNTIME_KIND_LLAMA_CPP } = schedulingV1.RuntimeKind;
const { ATTEMPT_END_ABORTED, ATTEMPT_END_COMPLETE } = usageV1.AttemptEnd;

const chat = (overrides: object = {}): object => ({
  model: 'acme/tiny',
  messages: [{ role: 'user', content: 'hello there' }],
  max_tokens: 8,
  ...overrides,
});

describe('the data plane of a node agent', () => {
  let cell: TestCell;
  let gateway: GatewayClient;
  let real: nodeV1.DesiredReplica;
  let slow: nodeV1.DesiredReplica;
  let witnesses: Awaited<ReturnType<TestCell['witnesses']>>;

  beforeAll(async () => {
    cell = await TestCell.open();
    await cell.startAgent();
    await eventually(() => cell.scheduler.lastReport);
    real = cell.aReplica({ runtime: RUNTIME_KIND_LLAMA_CPP });
    slow = cell.aReplica({ concurrency: 1, contextTokens: 100_000 });
    witnesses = await cell.witnesses();
    await cell.ready(real, slow);
    gateway = await cell.gateway();
  });

  afterAll(async () => {
    gateway?.close();
    await witnesses?.stop();
    await cell?.close();
  });

  /** The model server itself, behind the agent's back. */
  const modelServer = (replicaId: string): ModelServerClient =>
    new ModelServerClient(`${cell.agentDir}/sockets/${replicaId}.sock`);

  it('answers a stream of a real model in the client’s words, with usage for the gateway alone', async () => {
    const answer = await gateway.ask({ replicaId: real.replicaId, body: chat({ stream: true }) });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
    const chunks = chunksOf(answer.body);
    expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set(['acme/tiny']));
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(answer.body.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(answer.usage).toMatchObject({ outputTokens: 8, finishReason: 'length' });
    expect(answer.headers['x-ostro-input-tokens']).toBe(String(answer.usage.inputTokens));
    expect(textOf(chunks)).not.toBe('');
    const witness = await witnesses.of(answer.requestId);
    expect(witness).toMatchObject({
      end: ATTEMPT_END_COMPLETE,
      nodeId: cell.nodeId,
      replicaId: real.replicaId,
      bodyBytes: BigInt(Buffer.byteLength(answer.body)),
      tokens: { inputTokens: BigInt(answer.usage.inputTokens), outputTokens: 8n },
      hasRunningUsage: true,
    });
    expect(witness.checkpoints.at(-1)?.outputTokens).toBe(8n);
    expect(witness.begun?.organizationId).toBe(witness.organizationId);
  });

  it('gives a client the usage it asked for, and a whole answer its count', async () => {
    const body = chat({ stream: true, stream_options: { include_usage: true } });
    const chunks = chunksOf((await gateway.ask({ replicaId: real.replicaId, body })).body);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
    const whole = await gateway.ask({ replicaId: real.replicaId, body: chat() });
    expect(JSON.parse(whole.body)).toMatchObject({ model: 'acme/tiny', usage: { completion_tokens: 8 } });
    expect(whole.usage).toMatchObject({ outputTokens: 8 });
    expect(whole.headers['x-ostro-input-tokens']).toBe(String(whole.usage.inputTokens));
    expect(await witnesses.of(whole.requestId)).toMatchObject({ end: ATTEMPT_END_COMPLETE, hasRunningUsage: false });
  });

  it('passes the model server’s own refusal on', async () => {
    const answer = await gateway.ask({ replicaId: real.replicaId, body: chat({ logit_bias: {} }) });
    expect(answer.status).toBe(400);
    expect(answer.headers['x-ostro-refusal']).toBeUndefined();
    expect(JSON.parse(answer.body).error).toMatchObject({ param: 'logit_bias', code: 'unsupported_parameter' });
    expect(await witnesses.of(answer.requestId)).toMatchObject({ end: ATTEMPT_END_ABORTED, bodyBytes: 0n });
  });

  it('refuses a body that is nested too deeply to be passed on, instead of leaving it unanswered', async () => {
    const nested = '['.repeat(50_000) + ']'.repeat(50_000);
    const body = JSON.stringify(chat({ user: 'nested' })).replace('"nested"', nested);
    const answer = await gateway.ask({ replicaId: real.replicaId, body });
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, 'body_too_deep']);
  });

  it('never reuses for one organization what another sent', async () => {
    const content = 'a prompt that is long enough to be worth keeping '.repeat(4);
    const ask = async (organizationId: string) =>
      (
        await gateway.ask({
          replicaId: real.replicaId,
          organizationId,
          body: chat({ messages: [{ role: 'user', content }] }),
        })
      ).usage;
    const [a, b] = [cell.ids('org'), cell.ids('org')];
    expect(await ask(a)).toMatchObject({ cachedInputTokens: 0 });
    expect(await ask(b)).toMatchObject({ cachedInputTokens: 0 });
    expect((await ask(a)).cachedInputTokens).toBeGreaterThan(20);
  });

  it.each([
    ['an unknown replica', { replicaId: 'rep_00000000000070008000000000000000' }, 404, 'unknown_replica'],
    ['a stale admission', { admittedAt: new Date(Date.now() - 31_000) }, 400, 'stale_admission'],
    ['an admission from the future', { admittedAt: new Date(Date.now() + 60_000) }, 400, 'stale_admission'],
    ['an admission that names nobody', { headers: { 'x-ostro-usage-begun': '' } }, 400, 'bad_admission'],
    ['an admission without a stamp', { headers: { 'x-ostro-admitted-at': undefined } }, 400, 'bad_admission'],
  ])('refuses %s', async (_, change, status, refusal) => {
    const answer = await gateway.ask({ replicaId: real.replicaId, body: chat(), ...change });
    expect([answer.status, answer.headers['x-ostro-refusal']]).toEqual([status, refusal]);
  });

  it('knows no other path', async () => {
    const answer = await gateway.ask({ replicaId: real.replicaId, path: '/metrics', body: {} });
    expect([answer.status, answer.headers['x-ostro-refusal']]).toEqual([404, undefined]);
  });

  it('refuses a gateway of another group', async () => {
    const other = await cell.gateway('elsewhere');
    const answer = await other.ask({ replicaId: real.replicaId, body: chat() });
    expect([answer.status, answer.headers['x-ostro-refusal']]).toEqual([403, 'wrong_group']);
    other.close();
  });

  it.each([
    ['decode', 'hi', 80_000],
    ['prefill', 'word '.repeat(20_000), 10],
  ])('frees the slot within a second when the gateway leaves in %s', async (_, content, maxTokens) => {
    const engine = modelServer(slow.replicaId);
    const leaving = await cell.gateway();
    const body = chat({ stream: true, messages: [{ role: 'user', content }], max_tokens: maxTokens });
    const processing = async (): Promise<boolean> => (await engine.get('/slots')).json[0].is_processing;
    await leaving.abandon({ replicaId: slow.replicaId, body }, () =>
      eventually(async () => expect(await processing()).toBe(true)),
    );
    await eventually(async () => expect(await processing()).toBe(false), { withinMs: 1_000 });
    const generated = await engine.metric('generation_tokens_total');
    // The replica takes one request at a time: another one is answered only because the slot is free again.
    const next = await eventually(async () => {
      const answer = await gateway.ask({ replicaId: slow.replicaId, body: chat({ max_tokens: 3 }) });
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(await engine.metric('generation_tokens_total')).toBe(generated + 3);
    expect(next.usage.outputTokens).toBe(3);
    await engine.close();
  });

  it('answers busy before the first byte, and takes the next request once there is room', async () => {
    const first = await gateway.open({ replicaId: slow.replicaId, body: chat({ stream: true, max_tokens: 80_000 }) });
    const second = await gateway.ask({ replicaId: slow.replicaId, body: chat() });
    expect([second.status, second.headers['x-ostro-refusal']]).toEqual([429, 'busy']);
    let seen = '';
    for await (const part of first.response) {
      seen += String(part);
      if (textOf(chunksOf(seen)) !== '') break;
    }
    const witness = await witnesses.of(first.requestId);
    expect(witness).toMatchObject({ end: ATTEMPT_END_ABORTED, hasRunningUsage: true });
    expect(witness.tokens?.outputTokens).toBeGreaterThan(0n);
  });
});
