import { readFile } from 'node:fs/promises';
import { eventually } from '@ostro/testing';
import type { ModelServerProcess } from '../../src/runtimes/model-server-process.ts';
import { type Loose, ModelServerClient, textOf } from './model-server-client.ts';
import { aDirectory, aSpec, ready, remove, runtimes, tinyModelFile } from './model-server-fixture.ts';

const CHAT = '/v1/chat/completions';
const SECRET = 'sesame-open-wide';
const question = (content = 'Tell me about the sea and the wind over it'): object => ({
  model: 'tiny',
  messages: [{ role: 'user', content }],
  temperature: 0,
  max_tokens: 24,
});
const long = (words: number): string => Array.from({ length: words }, (_, index) => `w${index % 97}`).join(' ');

/** What every engine owes, asked of the process that the agent would start. */
describe.each(['simulated', 'llama'] as const)('model server with the %s engine', (engine) => {
  let directory: string;
  let server: ModelServerProcess;
  let client: ModelServerClient;

  const idle = (): Promise<unknown> =>
    eventually(async () => {
      const { json } = await client.get('/slots');
      expect(json.map((slot: Loose) => slot.is_processing)).toEqual([false, false]);
    });
  const working = (slots: number): Promise<unknown> =>
    eventually(async () => expect(await client.metric('requests_running')).toBe(slots));

  beforeAll(async () => {
    directory = await aDirectory();
    await tinyModelFile(directory);
    server = await runtimes()[engine].start(aSpec(directory));
    client = new ModelServerClient(server.record.socketPath);
    await ready(server);
  }, 90_000);

  afterAll(async () => {
    await client.close();
    await server.stop({ drainDeadlineMs: 0 });
    await remove(directory);
  }, 30_000);

  it('lists the model it serves', async () => {
    const { json } = await client.get('/v1/models');
    expect(json).toMatchObject({ object: 'list', data: [{ id: 'tiny', object: 'model', max_model_len: 8192 }] });
  });

  it('answers a chat in the shape of OpenAI, with exact usage', async () => {
    const { status, json } = await client.post(CHAT, question());
    const { json: counted } = await client.post('/tokenize', {
      messages: [{ role: 'user', content: 'Tell me about the sea and the wind over it' }],
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion',
      model: 'tiny',
      choices: [{ index: 0, message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'length' }],
      usage: {
        prompt_tokens: counted.count,
        completion_tokens: 24,
        total_tokens: counted.count + 24,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
  });

  it('says the same again for temperature 0, and for the same seed', async () => {
    const ask = async (fields: object): Promise<string> =>
      (await client.post(CHAT, { ...question(), ...fields })).json.choices[0].message.content;
    expect(await ask({})).toBe(await ask({}));
    expect(await ask({ temperature: 1, seed: 5 })).toBe(await ask({ temperature: 1, seed: 5 }));
    expect(await ask({ temperature: 1, seed: 5 })).not.toBe(await ask({ temperature: 1, seed: 6 }));
  });

  it('streams the same text, with usage so far in every chunk and the whole at the end', async () => {
    const whole = await client.post(CHAT, question());
    const options = { include_usage: true, continuous_usage_stats: true };
    const streamed = await client.stream(CHAT, { ...question(), stream_options: options });
    expect(textOf(streamed.chunks)).toBe(whole.json.choices[0].message.content);
    expect(streamed.done).toBe(true);
    expect(streamed.headers['x-ostro-prompt-tokens']).toBe(String(whole.json.usage.prompt_tokens));
    const counts = streamed.chunks.map((chunk) => chunk.usage.completion_tokens);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(streamed.chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(streamed.chunks.at(-2).choices[0].finish_reason).toBe('length');
    expect(streamed.chunks.at(-1)).toMatchObject({ choices: [], usage: whole.json.usage });
  });

  it('leaves usage out of a stream unless asked', async () => {
    const { chunks } = await client.stream(CHAT, question());
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
  });

  it('completes text', async () => {
    const { json } = await client.post('/v1/completions', { model: 'tiny', prompt: 'Once', max_tokens: 4 });
    expect(json).toMatchObject({ object: 'text_completion', choices: [{ text: expect.any(String) }] });
    expect(json.id).toMatch(/^cmpl-/);
  });

  it('ends before a stop string', async () => {
    const text = (await client.post(CHAT, question())).json.choices[0].message.content as string;
    const stop = text.slice(8, 12);
    const stopped = await client.post(CHAT, { ...question(), stop });
    expect(stopped.json.choices[0]).toMatchObject({
      message: { content: text.slice(0, text.indexOf(stop)) },
      finish_reason: 'stop',
    });
  });

  it("reuses an organization's own state and never another's", async () => {
    const prompt = question(`Remember ${SECRET} and these words: ${long(40)}`);
    const cached = async (organization?: string): Promise<number> => {
      const { json } = await client.post(CHAT, prompt, organization === undefined ? {} : { organization });
      return json.usage.prompt_tokens_details.cached_tokens;
    };
    expect(await cached('a')).toBe(0);
    expect(await cached('b')).toBe(0);
    expect(await cached('a')).toBeGreaterThan(40);
    expect(await cached('c')).toBe(0);
    expect(await cached('d')).toBe(0);
    expect(await cached()).toBe(0);
    expect(await cached()).toBe(0);
    expect(await cached('e')).toBe(0);
  });

  it('refuses a prompt that leaves no room, with the counts', async () => {
    const { status, json } = await client.post(CHAT, question(long(9000)));
    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
      param: 'messages',
      context_tokens: '8192',
    });
    expect(Number(json.error.prompt_tokens)).toBeGreaterThan(8192);
  });

  it.each([
    [CHAT, { ...question(), logit_bias: {} }, 400, 'unsupported_parameter', 'logit_bias'],
    [CHAT, { ...question(), model: 'other' }, 404, 'model_not_found', 'model'],
    [CHAT, '{"model', 400, 'invalid_json', 'body'],
    ['/v1/embeddings', { model: 'tiny', input: 'x' }, 400, 'not_an_embedding_replica', null],
    ['/v1/images', {}, 404, 'unknown_url', null],
  ])('refuses %s with %j', async (path, body, status, code, param) => {
    const answer = await client.post(path, body);
    expect([answer.status, answer.json.error.code, answer.json.error.param]).toEqual([status, code, param]);
  });

  it('frees the slot of a client that leaves while its prompt is read', async () => {
    const before = await client.metric('requests_cancelled_total');
    const cancel = new AbortController();
    const asked = client.post(CHAT, question(long(1000)), { signal: cancel.signal });
    await working(1);
    cancel.abort();
    await expect(asked).rejects.toThrow();
    const leftMs = performance.now();
    await idle();
    expect(performance.now() - leftMs).toBeLessThan(1000);
    const { json } = await client.get('/slots');
    expect(await client.metric('requests_cancelled_total')).toBe(before + 1);
    expect(json.some((slot: Loose) => slot.n_prompt_tokens > 900 && slot.n_decoded === 0)).toBe(true);
  });

  it('frees the slot of a client that leaves in the middle of an answer', async () => {
    const cancel = new AbortController();
    const { body } = await client.open(CHAT, { ...question(), max_tokens: 8000 }, { signal: cancel.signal });
    for await (const part of body) if (String(part).includes('content":"')) break;
    cancel.abort();
    await idle();
    expect(await client.metric('requests_running')).toBe(0);
  });

  it('lets a few wait and refuses the rest as busy', async () => {
    const cancel = new AbortController();
    const refused: string[] = [];
    const asked = Array.from({ length: 8 }, async () => {
      const answer = await client.post(CHAT, question(long(1000)), { signal: cancel.signal });
      refused.push(`${answer.status} ${answer.json.error?.code}`);
    });
    await eventually(() => expect(refused).toEqual(['429 busy', '429 busy']));
    expect(await client.metric('requests_waiting')).toBe(4);
    cancel.abort();
    await Promise.allSettled(asked);
    await idle();
    expect(await client.metric('requests_waiting')).toBe(0);
  });

  it('writes no prompt and no answer into its log', async () => {
    const { json } = await client.post(CHAT, question(SECRET), { organization: 'a' });
    const log = await readFile(server.record.logPath, 'utf8');
    expect(log).toContain('"ready"');
    expect(log).not.toContain(SECRET);
    expect(log).not.toContain(json.choices[0].message.content);
  });
});

describe.each(['simulated', 'llama'] as const)('embedding server with the %s engine', (engine) => {
  it('embeds as floats and as base64, and generates nothing', async () => {
    const directory = await aDirectory();
    const weightsPath = await tinyModelFile(directory, true);
    const spec = aSpec(directory, { weightsPath, embedding: true, contextTokens: 256 });
    const server = await runtimes()[engine].start(spec);
    const client = new ModelServerClient(server.record.socketPath);
    try {
      await ready(server);
      const ask = { model: 'tiny', input: ['the sea', 'the wind'] };
      const { json } = await client.post('/v1/embeddings', ask);
      const encoded = await client.post('/v1/embeddings', { ...ask, encoding_format: 'base64' });
      const vector: number[] = json.data[1].embedding;
      expect(json.data).toHaveLength(2);
      expect(Math.hypot(...vector)).toBeCloseTo(1);
      expect(json.data[0].embedding).not.toEqual(vector);
      const bytes = Buffer.from(encoded.json.data[1].embedding, 'base64');
      vector.forEach((value, index) => expect(bytes.readFloatLE(index * 4)).toBeCloseTo(value, 5));
      expect(json.usage.total_tokens).toBe(json.usage.prompt_tokens);
      expect((await client.post(CHAT, question())).json.error.code).toBe('embedding_replica');
    } finally {
      await client.close();
      await server.stop({ drainDeadlineMs: 0 });
      await remove(directory);
    }
  }, 90_000);
});
