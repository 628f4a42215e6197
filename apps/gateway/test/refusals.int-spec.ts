import { request } from 'node:http';
import { identityV1, schedulingV1 } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import OpenAI from 'openai';
import { RunningGateway } from './running-gateway.ts';
import { aRoute } from './scripted-agent.ts';
import { aSecret } from './test-cell.ts';

const HOUR_MS = 3_600_000;

describe('what the gateway refuses', () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
  });
  afterAll(() => gateway.close());

  /** The error as OpenAI's clients read it, with the status. */
  const refusalOf = async (answer: Promise<Response>) => {
    const response = await answer;
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    const { error } = (await response.json()) as { error: Record<string, string | null> };
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
    return { status: response.status, ...error };
  };

  const chatAs = (secret: string, body = {}) =>
    refusalOf(gateway.chat(body, { headers: { authorization: `Bearer ${secret}` } }));

  describe('keys', () => {
    it.each(['', 'Basic abc', 'Bearer '])('asks for one when the header is %j', async (authorization) => {
      const refusal = await refusalOf(gateway.chat({}, { headers: { authorization } }));
      expect(refusal).toMatchObject({ status: 401, type: 'invalid_request_error', code: 'invalid_api_key' });
      expect(refusal).toHaveProperty('message', expect.stringContaining("didn't provide an API key"));
    });

    it('mistyped, unknown, expired and revoked ones are 401 invalid_api_key, and the client knows them', async () => {
      const expired = await gateway.addKey({ expireTime: new Date(Date.now() - HOUR_MS) });
      const revoked = await gateway.addKey({ state: identityV1.ApiKeyState.API_KEY_STATE_REVOKED });
      const mistyped = `${gateway.key.secret.slice(0, 20)}!${gateway.key.secret.slice(21)}`;
      for (const secret of ['sk-1', mistyped, aSecret(), expired.secret, revoked.secret]) {
        expect(await chatAs(secret)).toMatchObject({ status: 401, code: 'invalid_api_key' });
        await expect(gateway.openai(secret).models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
      }
      expect(await chatAs(expired.secret)).toHaveProperty('message', expect.stringContaining('expired'));
      expect(await chatAs(revoked.secret)).toHaveProperty('message', expect.stringContaining('revoked'));
    });

    it('without the scope for inference are 403', async () => {
      const { secret } = await gateway.addKey({ scopes: ['manage:read'] });
      expect(await chatAs(secret)).toMatchObject({ status: 403, code: 'missing_scope' });
      await expect(gateway.openai(secret).models.list()).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    });

    it('records that their owner did not sign change nothing', async () => {
      const key = gateway.cell.aKey();
      await gateway.cell.publishForged(key.record);
      await gateway.addKey();
      expect(await chatAs(key.secret)).toMatchObject({
        status: 401,
        message: expect.stringContaining('not known') as string,
      });
    });
  });

  describe('models', () => {
    const notFound = { status: 404, type: 'invalid_request_error', param: 'model', code: 'model_not_found' };

    it('unknown ones and those a key may not call look the same', async () => {
      expect(await refusalOf(gateway.chat({ model: 'gpt-5' }))).toMatchObject(notFound);
      const { secret } = await gateway.addKey({ allowedModels: ['another'] });
      expect(await chatAs(secret)).toMatchObject(notFound);
      await expect(gateway.openai().models.retrieve('gpt-5')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    });

    it("another project's endpoint is not there", async () => {
      const projectId = randomIds('prj');
      const theirs = await gateway.addKey({ projectId });
      const name = await gateway.addRoute(
        aRoute(gateway.cell, [gateway.agent.replica()], { endpoint: { projectId } }),
        theirs,
      );
      expect(await refusalOf(gateway.chat({ model: name }))).toMatchObject(notFound);
      const names = (await gateway.openai().models.list()).data.map(({ id }) => id);
      expect(names).toContain(gateway.model);
      expect(names).not.toContain(name);
      expect(
        (await gateway.chat({ model: name }, { headers: { authorization: `Bearer ${theirs.secret}` } })).status,
      ).toBe(200);
    });

    it("another organization's endpoint for everyone is there, and the own one of that name hides it", async () => {
      const everyone = {
        organizationId: randomIds('org'),
        projectId: randomIds('prj'),
        audience: schedulingV1.Audience.AUDIENCE_EVERYONE,
      };
      const name = await gateway.addRoute(aRoute(gateway.cell, [gateway.agent.replica()], { endpoint: everyone }));
      const before = (await gateway.openai().models.retrieve(name)).owned_by;
      await gateway.addRoute(aRoute(gateway.cell, [gateway.agent.replica()], { name }));
      const after = (await gateway.openai().models.retrieve(name)).owned_by;
      expect([before, after]).toEqual([everyone.organizationId, gateway.cell.organizationId]);
    });

    it('cold ones are 503 with the time to come back', async () => {
      const name = await gateway.addRoute(aRoute(gateway.cell, []));
      const response = await gateway.chat({ model: name });
      expect(response.headers.get('retry-after')).toBe('10');
      expect(await response.json()).toMatchObject({ error: { code: 'model_not_ready', type: 'server_error' } });
    });

    it('that write text make no embeddings, and say why', async () => {
      const embeddings = gateway.openai().embeddings.create({ model: gateway.model, input: 'Hi' });
      await expect(embeddings).rejects.toMatchObject({ status: 400, param: 'model', code: 'unsupported_model' });
    });
  });

  describe('parameters', () => {
    it.each([
      [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools', 'unsupported_parameter'],
      [{ n: 2 }, 'n', 'unsupported_parameter'],
      [{ logprobs: true }, 'logprobs', 'unsupported_parameter'],
      [{ top_k: 5 }, 'top_k', 'unknown_parameter'],
      [{ temperature: 'hot' }, 'temperature', 'invalid_type'],
      [{ temperature: 3 }, 'temperature', 'invalid_value'],
      [{ max_tokens: 0 }, 'max_tokens', 'invalid_value'],
      [{ max_tokens: 1, max_completion_tokens: 1 }, 'max_tokens', 'invalid_parameter_combination'],
      [{ messages: [] }, 'messages', 'invalid_value'],
      [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', 'invalid_value'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
        'messages[0].content[0].text',
        'missing_required_parameter',
      ],
      [{ messages: [{ role: 'user', content: 'a', name: 'x' }] }, 'messages[0].name', 'unknown_parameter'],
      [{ stream_options: { include_usage: true } }, 'stream_options', 'invalid_parameter_combination'],
      [{ model: null }, 'model', 'missing_required_parameter'],
    ])('%j', async (body, param, code) => {
      expect(await refusalOf(gateway.chat(body))).toMatchObject({
        status: 400,
        type: 'invalid_request_error',
        param,
        code,
      });
    });

    it('are the ones that reach the agent, with the limit that was admitted; what changes nothing stays behind', async () => {
      const response = await gateway.chat({
        temperature: 0.5,
        n: 1,
        tools: null,
        logprobs: false,
        max_completion_tokens: 9_999,
      });
      expect(response.status).toBe(200);
      const messages = [{ role: 'user', content: 'Hi' }];
      expect(gateway.agent.calls.at(-1)!.body).toEqual({
        model: gateway.model,
        messages,
        temperature: 0.5,
        max_tokens: 512,
      });
      await (await gateway.chat()).text();
      expect(gateway.agent.calls.at(-1)!.body['max_tokens']).toBe(128);
    });
  });

  describe('bodies', () => {
    it.each(['{"model":', '[]', '"text"', 'null'])('%s is 400', async (body) => {
      expect(await refusalOf(gateway.post('/v1/chat/completions', body))).toMatchObject({ status: 400 });
    });

    it('that are no UTF-8 are 400, since another prompt than the one sent would be answered', async () => {
      const body = JSON.stringify({ model: gateway.model, messages: [{ role: 'user', content: '?' }] });
      const bytes = Buffer.from(body.replace('?', 'é'), 'latin1');
      const refusal = await refusalOf(gateway.post('/v1/chat/completions', '', { body: bytes }));
      expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining('UTF-8') as string });
    });

    it('of 20 MB are 413, and the client gets to read that', async () => {
      const content = 'x'.repeat(20 * 1_024 * 1_024);
      const chat = gateway
        .openai()
        .chat.completions.create({ model: gateway.model, messages: [{ role: 'user', content }] });
      await expect(chat).rejects.toMatchObject({ status: 413, code: 'request_too_large' });
    });

    it('without an announced length are not read beyond the limit', async () => {
      const { status, sent } = await sendEndlessly(`${gateway.url}/v1/chat/completions`, gateway.key.secret);
      expect(status).toBe(413);
      expect(sent).toBeLessThan(16 * 1_024 * 1_024);
    });
  });

  it.each([
    ['GET', '/v1/chat/completions'],
    ['POST', '/v1/models'],
    ['GET', '/'],
  ])('%s %s is no URL of this API', async (method, path) => {
    expect(await refusalOf(fetch(gateway.url + path, { method }))).toMatchObject({ status: 404, code: 'unknown_url' });
  });
});

/** Writes a chunked body until an answer comes, as fast as the server takes it. */
function sendEndlessly(url: string, secret: string): Promise<{ status: number; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const chunk = Buffer.alloc(256 * 1_024, 'x');
    const call = request(url, { method: 'POST', headers: { authorization: `Bearer ${secret}` } }, (response) => {
      resolve({ status: response.statusCode!, sent });
      call.destroy();
    });
    const more = () => {
      sent += chunk.length;
      call.write(chunk, (error) => error ?? more());
    };
    call.on('error', (error) => reject(error));
    more();
  });
}
