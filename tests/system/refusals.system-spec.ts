import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import { Fleet, type Tenant } from './fleet.ts';

describe('who may not, and what cannot be', () => {
  let fleet: Fleet;
  let rival: Tenant;
  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.deploy('tiny', tinyModel({ seed: 1 }));
    rival = await fleet.foundOrganization('rival');
  }, 180_000);
  afterAll(() => fleet?.stop(), 60_000);

  const ask = (apiKey: string, model = 'tiny') =>
    fleet.openai(apiKey).completions.create({ model, prompt: 'a', max_tokens: 1 });

  const keyOf = (spec: { scopes: string[]; allowed_models: string[] }) =>
    fleet.management().post<{ key_id: string; secret: string }>('/v1/keys', { name: 'test', ...spec });

  it('an unknown key is refused in the words of OpenAI', async () => {
    await expect(ask(`ostro_${'a'.repeat(30)}_aaaaaa`)).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    await expect(ask('sk-something')).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('a key without the scope, or without the model, is refused', async () => {
    const manager = await keyOf({ scopes: ['manage:read'], allowed_models: ['*'] });
    await eventually(() => expect(ask(manager.secret)).rejects.toMatchObject({ status: 403 }), { withinMs: 20_000 });
    const narrow = await keyOf({ scopes: ['inference'], allowed_models: ['another'] });
    await eventually(() => expect(ask(narrow.secret)).rejects.toMatchObject({ status: 404, code: 'model_not_found' }), {
      withinMs: 20_000,
    });
  });

  it('a revoked key is refused', async () => {
    const key = await keyOf({ scopes: ['inference'], allowed_models: ['*'] });
    await eventually(() => ask(key.secret), { withinMs: 20_000 });
    await fleet.management().delete(`/v1/keys/${key.key_id}`);
    await eventually(() => expect(ask(key.secret)).rejects.toMatchObject({ status: 401 }), { withinMs: 50_000 });
  });

  it("another tenant's endpoint, deployment, model, key and charge do not exist", async () => {
    const { data, response } = await fleet
      .openai()
      .completions.create({ model: 'tiny', prompt: 'a', max_tokens: 1 })
      .withResponse();
    expect(data.model).toBe('tiny');
    const requestId = response.headers.get('x-request-id')!;
    await fleet.management().charge(requestId);
    await eventually(() => expect(ask(rival.ownerKey)).rejects.toMatchObject({ status: 404 }), { withinMs: 20_000 });
    const theirs = fleet.management(rival.ownerKey);
    const [deployment, model, keys] = await Promise.all([
      fleet.management().get<{ deployment_id: string }>('/v1/deployments/tiny'),
      fleet.management().get<{ model_id: string }>('/v1/models/tiny'),
      fleet.management().get<{ items: { key_id: string }[] }>('/v1/keys'),
    ]);
    for (const path of [
      `/v1/deployments/${deployment.deployment_id}`,
      `/v1/models/${model.model_id}`,
      `/v1/keys/${keys.items[0]!.key_id}`,
      `/v1/charges/${requestId}`,
    ]) {
      expect(await theirs.request('GET', path)).toMatchObject({ status: 404 });
    }
    expect((await theirs.get<{ items: unknown[] }>('/v1/deployments')).items).toEqual([]);
  });

  it('embeddings come from a model in embedding mode, and a chat model says why it has none', async () => {
    await expect(fleet.openai().embeddings.create({ model: 'tiny', input: 'a' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/embedding/) as string,
    });
    await fleet.management().importModel('vectors', tinyModel({ seed: 2, embedding: true }));
    await fleet
      .management()
      .post('/v1/deployments', { name: 'vectors', spec: { model: 'vectors', replicas: 1, embedding: true } });
    await eventually(
      async () => {
        const { data } = await fleet.openai().embeddings.create({ model: 'vectors', input: ['a', 'b'] });
        expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
      },
      { withinMs: 60_000, everyMs: 200 },
    );
  });

  it('a hostile file is refused by the name of its rule, and its model does not appear', async () => {
    const truncated = tinyModel({ seed: 3 }).slice(0, 1_000);
    await expect(fleet.management().importModel('hostile', truncated)).rejects.toThrow(/failed/);
    const imports = await fleet
      .management()
      .get<{ items: { model_name: string; error_reason: string }[] }>('/v1/imports');
    expect(imports.items.find(({ model_name: name }) => name === 'hostile')?.error_reason).toMatch(/^GGUF_/);
  });
});
