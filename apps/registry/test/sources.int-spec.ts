import { readdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { seededIds } from '@ostro/kernel';
import { tinyGguf, tinyModel, writeGguf, writeSafetensors } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import {
  blobUrl,
  ended,
  IMPORT_STATE_FAILED,
  IMPORT_STATE_PUBLISHED,
  resolved,
  type Source,
  startImport,
} from './imports.ts';
import { ModelServer } from './model-server.ts';
import { RunningRegistry, sha256Of } from './running-registry.ts';

const https = (url: string, sha256 = ''): Source => ({ $case: 'https', https: { url, sha256 } });
const redirect = (location: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(302, { location }).end();
const huggingFace = (repository: string, file: string, revision = ''): Source => ({
  $case: 'huggingFace',
  huggingFace: { repository, file, revision },
});

describe('an import', () => {
  let server: ModelServer;
  let cell: RunningRegistry;
  beforeAll(async () => {
    cell = await RunningRegistry.open();
    server = await ModelServer.open(join(cell.dir, 'models'));
    await cell.stop();
    await cell.start(reaching());
  });
  afterAll(async () => {
    await cell.close();
    await server.close();
  });

  const reaching = (hosts = 'localhost') => ({
    OSTRO_IMPORT_CA_FILE: server.caFile,
    OSTRO_IMPORT_ALLOWED_HOSTS: hosts,
    OSTRO_HUGGING_FACE_URL: server.url('/hub'),
    OSTRO_HUGGING_FACE_TOKEN: 'hf_secret',
  });
  const imported = async (modelName: string, source: Source) =>
    ended(cell, (await startImport(cell, modelName, source)).importId);

  it('from an address is what the address holds', async () => {
    const bytes = tinyModel({ seed: 11 });
    server.file('/m.gguf', bytes);
    const done = await imported('https', https(server.url('/m.gguf?token=secret'), sha256Of(bytes)));
    expect(done).toMatchObject({ state: IMPORT_STATE_PUBLISHED, totalBytes: BigInt(bytes.length) });
    const revision = await resolved(cell, 'https');
    expect(revision.source).toBe(server.url('/m.gguf'));
    expect((await cell.http('GET', blobUrl(bytes))).body.equals(bytes)).toBe(true);
  });

  it('interrupted anywhere goes on there and ends whole', async () => {
    const { bytes, landmarks } = writeGguf(tinyGguf({ seed: 12 }));
    const data = landmarks.get('data')!;
    const edges = [1, 3, 4, 8, 24, data - 1, data, data + 1];
    const cuts = [0, ...edges, bytes.length - 1, ...seededOffsets(10, bytes.length)];
    expect(cuts).toHaveLength(20);
    const ids = await Promise.all(
      cuts.map(async (cut, index) => {
        server.file(`/cut-${index}.gguf`, bytes, { cuts: [cut] });
        return (await startImport(cell, `cut-${index}`, https(server.url(`/cut-${index}.gguf`)))).importId;
      }),
    );
    const states = await Promise.all(ids.map((id) => ended(cell, id)));
    expect(states.map(({ state }) => state)).toEqual(cuts.map(() => IMPORT_STATE_PUBLISHED));
    for (const [index, cut] of cuts.entries()) {
      const asked = server.requests.filter(({ url }) => url === `/cut-${index}.gguf`);
      // What was on its way when the connection broke may be lost, but nothing is asked for that never came.
      const from = Number(/^bytes=([0-9]+)-$/.exec(asked[1]?.headers.range ?? '')?.[1] ?? 0);
      expect([asked.length, from <= cut]).toEqual([2, true]);
    }
    expect(server.requests.some(({ headers }) => headers.range !== undefined)).toBe(true);
    await eventually(async () => expect(await readdir(join(cell.blobDir, 'staging'))).toEqual([]));
  }, 60_000);

  it('never joins bytes of two versions', async () => {
    const [old, current] = [tinyModel({ seed: 13 }), tinyModel({ seed: 14 })];
    server.file('/changing.gguf', old, { cuts: [300_000] });
    const { importId } = await startImport(cell, 'changing', https(server.url('/changing.gguf')));
    await eventually(() => expect(server.requests.some(({ url }) => url === '/changing.gguf')).toBe(true));
    server.file('/changing.gguf', current);
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_PUBLISHED });
    expect(Buffer.from((await resolved(cell, 'changing')).manifest!.files[0]!.sha256).toString('hex')).toBe(
      sha256Of(current),
    );
  });

  it.each([
    ['another digest than promised', 'DIGEST_MISMATCH', () => https(server.url('/m.gguf'), 'ab'.repeat(32))],
    ['nothing at the address', 'SOURCE_NOT_FOUND', () => https(server.url('/nothing.gguf'))],
    ['an address that is private', 'ADDRESS_NOT_ALLOWED', () => https(server.url('/m.gguf', '127.0.0.1'))],
    ['a redirect to a private address', 'ADDRESS_NOT_ALLOWED', () => https(server.url('/to-private'))],
    ['a redirect to plain http', 'REDIRECT_REFUSED', () => https(server.url('/to-http'))],
    ['redirects without end', 'REDIRECT_REFUSED', () => https(server.url('/around'))],
    ['a page instead of a model', 'FORMAT_NOT_WEIGHTS', () => https(server.url('/page'))],
  ])('with %s ends with %s', async (_, reason, source) => {
    server.file('/m.gguf', tinyModel({ seed: 11 }));
    server.on('/to-private', redirect(server.url('/m.gguf', '127.0.0.1')));
    server.on('/to-http', redirect('http://localhost/m.gguf'));
    server.on('/around', redirect('/around'));
    server.file('/page', Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>'));
    const before = server.requests.length;
    const failed = await imported('refused', source());
    expect(failed).toMatchObject({ state: IMPORT_STATE_FAILED, errorReason: reason });
    if (reason === 'ADDRESS_NOT_ALLOWED') {
      expect(server.requests.slice(before).filter(({ url }) => url === '/m.gguf')).toEqual([]);
    }
  });

  it('from a private host needs the operator to name it', async () => {
    server.file('/m.gguf', tinyModel({ seed: 11 }));
    await cell.stop();
    await cell.start({ ...reaching('other.corp'), OSTRO_HUGGING_FACE_URL: 'https://huggingface.co' });
    try {
      expect(await imported('private', https(server.url('/m.gguf')))).toMatchObject({
        state: IMPORT_STATE_FAILED,
        errorReason: 'ADDRESS_NOT_ALLOWED',
      });
    } finally {
      await cell.stop();
      await cell.start(reaching());
    }
  });

  it('from Hugging Face pins the commit, checks the digest and keeps the token at home', async () => {
    const bytes = tinyModel({ seed: 15 });
    await cell.stop();
    await cell.start(reaching('127.0.0.1'));
    const linked = { 'x-repo-commit': 'c0ffee', 'x-linked-etag': `"${sha256Of(bytes)}"` };
    const headers = {
      ...linked,
      'x-linked-size': String(bytes.length),
      location: server.url('/storage/blob', '127.0.0.1'),
    };
    for (const revision of ['main', 'c0ffee']) {
      server.on(`/hub/org/tiny/resolve/${revision}/m.gguf`, (_, response) => response.writeHead(302, headers).end());
    }
    server.file('/storage/blob', bytes);
    const done = await imported('hub', huggingFace('org/tiny', 'm.gguf'));
    expect(done).toMatchObject({ state: IMPORT_STATE_PUBLISHED, totalBytes: BigInt(bytes.length) });
    expect((await resolved(cell, 'hub')).source).toBe('hf://org/tiny/m.gguf@main');
    const asked = server.requests.filter(({ url }) => url.startsWith('/hub'));
    expect(asked.map(({ method, url }) => [method, url.split('/')[5]])).toEqual([
      ['HEAD', 'main'],
      ['HEAD', 'c0ffee'],
      ['GET', 'c0ffee'],
    ]);
    expect(asked.every((each) => each.headers.authorization === 'Bearer hf_secret')).toBe(true);
    const stored = server.requests.filter(({ url }) => url === '/storage/blob');
    expect(stored.map((each) => each.headers.authorization)).toEqual([undefined]);
  });

  it('of safetensors brings shards, configuration and tokenizer', async () => {
    const shard = (name: string) =>
      writeSafetensors([{ name, dtype: 'F32', shape: [2, 2], data: new Uint8Array(16) }]).bytes;
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const files = {
      'model.safetensors.index.json': json({ weight_map: { a: 's1.safetensors', b: 's2.safetensors' } }),
      's1.safetensors': shard('a'),
      's2.safetensors': shard('b'),
      'config.json': json(CONFIG),
      'tokenizer.json': json({}),
    };
    for (const [name, bytes] of Object.entries(files))
      server.file(`/hub/org/st/resolve/main/${name}`, bytes, { etag: '"x"' });
    const done = await imported('safetensors', huggingFace('org/st', 'model.safetensors.index.json'));
    expect(done).toMatchObject({ state: IMPORT_STATE_PUBLISHED, errorMessage: '' });
    const { manifest, facts } = await resolved(cell, 'safetensors');
    expect(manifest!.files.map(({ path }) => path).toSorted()).toEqual(Object.keys(files).toSorted());
    expect(facts).toMatchObject({ architecture: 'llama', weightBytes: 32n });
  });
});

const CONFIG = {
  model_type: 'llama',
  num_hidden_layers: 2,
  hidden_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 2_048,
  vocab_size: 320,
  torch_dtype: 'float32',
};

/** The same offsets at every run. */
function seededOffsets(count: number, below: number): number[] {
  const ids = seededIds(12);
  return Array.from({ length: count }, () => Number.parseInt(ids('evt').slice(-8), 16) % below);
}
