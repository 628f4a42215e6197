import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryV1, TOPICS } from '@ostro/contracts';
import { randomIds } from '@ostro/kernel';
import { type ConsumedRecord, KafkaEventBus } from '@ostro/messaging';
import { tinyModel } from '@ostro/model-formats';
import { eventually, testKafka } from '@ostro/testing';
import { blobUrl, ended, IMPORT_STATE_FAILED, resolved, startImport, uploaded } from './imports.ts';
import { RunningRegistry } from './running-registry.ts';

describe('models', () => {
  let cell: RunningRegistry;
  beforeAll(async () => {
    cell = await RunningRegistry.open();
  });
  afterAll(() => cell.close());

  const bytesOf = (seed: number) => tinyModel({ seed });
  const aliasesOf = async (model: string) => {
    const { organizationId } = cell;
    return (await (await cell.models()).getModel({ organizationId, model }, await cell.as())).model!.aliases;
  };

  it('keep their revisions while aliases move', async () => {
    const first = await uploaded(cell, 'moving', { 'm.gguf': bytesOf(21) });
    const second = await uploaded(cell, 'moving', { 'm.gguf': bytesOf(22) });
    expect((await resolved(cell, 'moving')).digest).toBe(second.digest);
    expect((await resolved(cell, first.digest)).digest).toBe(first.digest);
    const { organizationId } = cell;
    const models = await cell.models();
    const set = { organizationId, model: 'moving', alias: 'production', digest: first.digest, expectedGeneration: 0n };
    expect(await models.setAlias(set, await cell.as())).toEqual({
      alias: { name: 'production', digest: first.digest, generation: 1n },
    });
    expect((await resolved(cell, 'moving:production')).digest).toBe(first.digest);
    expect(await aliasesOf('moving')).toEqual([
      { name: 'default', digest: second.digest, generation: 2n },
      { name: 'production', digest: first.digest, generation: 1n },
    ]);
    const page = { organizationId, model: 'moving', pageSize: 1 };
    const one = await models.listModelRevisions({ ...page, pageToken: '' }, await cell.as());
    const two = await models.listModelRevisions({ ...page, pageToken: one.nextPageToken }, await cell.as());
    expect([...one.revisions, ...two.revisions].map(({ digest }) => digest)).toEqual([second.digest, first.digest]);
    expect(two.nextPageToken).toBe('');
  });

  it('give an alias to one of those who race for it', async () => {
    const { digest } = await uploaded(cell, 'raced', { 'm.gguf': bytesOf(23) });
    const { organizationId } = cell;
    const models = await cell.models();
    const caller = await cell.as();
    const set = { organizationId, model: 'raced', alias: 'live', digest, expectedGeneration: 0n };
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => models.setAlias(set, caller)));
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost).toHaveLength(7);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'ABORTED', reason: 'ALIAS_MOVED' });
    expect((await aliasesOf('raced')).find(({ name }) => name === 'live')?.generation).toBe(1n);
  });

  it('do not exist for other organizations', async () => {
    const { digest } = await uploaded(cell, 'private', { 'm.gguf': bytesOf(24) });
    const foreign = randomIds('org');
    for (const reference of ['private', 'private:default', digest]) {
      await expect(resolved(cell, reference, foreign)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const models = await cell.models();
    const stranger = await cell.as(foreign);
    const ask = { organizationId: cell.organizationId, model: 'private', pageSize: 0, pageToken: '' };
    for (const call of [models.getModel, models.listModelRevisions, models.listModels]) {
      await expect(call(ask, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' });
    }
    const empty = await models.listModels({ organizationId: foreign, pageSize: 0, pageToken: '' }, stranger);
    expect(empty.models).toEqual([]);
    const set = { organizationId: foreign, model: 'private', alias: 'a', digest, expectedGeneration: 0n };
    await expect(models.setAlias(set, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are announced once a revision, with the revision', async () => {
    const bus = new KafkaEventBus({ brokers: testKafka().brokers, clientId: 'test' });
    const seen: ConsumedRecord[] = [];
    const reading = bus.subscribe({
      group: testKafka().uniqueTopic('reader'),
      topics: [TOPICS.modelRevision.name],
      onCrash: (error) => {
        throw error;
      },
      handler: ({ records }) => {
        seen.push(...records.filter(({ organizationId }) => organizationId === cell.organizationId));
        return Promise.resolve();
      },
    });
    const { digest } = await uploaded(cell, 'announced', { 'm.gguf': bytesOf(25) });
    await uploaded(cell, 'announced', { 'm.gguf': bytesOf(25) });
    const last = await uploaded(cell, 'announced', { 'm.gguf': bytesOf(26) });
    const told = () => seen.map(({ value }) => registryV1.ModelRevisionPublished.decode(value).revision!);
    const ours = () => told().filter(({ modelName }) => modelName === 'announced');
    await eventually(() => expect(ours().map((each) => each.digest)).toContain(last.digest));
    await reading.stop();
    await bus.close();
    expect(ours().map((each) => each.digest)).toEqual([digest, last.digest]);
    expect(ours()[0]).toEqual(await resolved(cell, digest));
  });

  it('from the catalogue that are not what it pins are refused', async () => {
    const directory = join(cell.dir, 'packaged');
    await mkdir(directory);
    const packaged = (name: string) => ({ $case: 'packaged', packaged: { name } }) as const;
    await expect(startImport(cell, 'gemma', packaged('gemma-3-270m'))).rejects.toMatchObject({
      reason: 'NO_PACKAGED_MODELS',
    });
    await expect(startImport(cell, 'gemma', packaged('other'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'PACKAGED_MODEL_UNKNOWN',
    });
    await cell.stop();
    await cell.start({ OSTRO_PACKAGED_MODEL_DIR: directory });
    const missing = await startImport(cell, 'gemma', packaged('gemma-3-270m'));
    expect(await ended(cell, missing.importId)).toMatchObject({ errorReason: 'PACKAGED_MODEL_MISSING' });
    const { entries } = await (await cell.models()).listCatalogue({}, await cell.as());
    const entry = entries.find(({ name }) => name === 'gemma-3-270m')!;
    await writeFile(join(directory, 'gemma-3-270m-q4_k_m.gguf'), Buffer.alloc(Number(entry.sizeBytes)));
    const { importId } = await startImport(cell, 'gemma', packaged('gemma-3-270m'));
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_FAILED, errorReason: 'DIGEST_MISMATCH' });
  });

  describe('are read in ranges', () => {
    const bytes = Buffer.from(bytesOf(27));
    const size = bytes.length;
    beforeAll(() => uploaded(cell, 'ranges', { 'm.gguf': bytes }));
    const get = async (headers: Record<string, string>, method = 'GET') =>
      cell.http(method, blobUrl(bytes), { headers, as: await cell.nodeIdentity() });

    it.each([
      ['bytes=0-9', 0, 10],
      ['bytes=1000-1999', 1_000, 2_000],
      [`bytes=${size - 1}-`, size - 1, size],
      ['bytes=-5', size - 5, size],
      [`bytes=10-${size * 2}`, 10, size],
    ])('%s', async (range, start, end) => {
      const answer = await get({ range });
      expect(answer.status).toBe(206);
      expect(answer.headers).toMatchObject({
        'content-range': `bytes ${start}-${end - 1}/${size}`,
        'content-length': String(end - start),
        'accept-ranges': 'bytes',
      });
      expect(answer.body.equals(bytes.subarray(start, end))).toBe(true);
    });

    it('beyond the end gets 416 with the size', async () => {
      const answer = await get({ range: `bytes=${size}-` });
      expect(answer).toMatchObject({ status: 416, headers: { 'content-range': `bytes */${size}` } });
    });

    it('by whoever holds another version gets all of it', async () => {
      const { headers } = await get({}, 'HEAD');
      expect(headers).toMatchObject({ 'content-length': String(size), etag: expect.stringMatching(/^"sha256:/) });
      expect((await get({ range: 'bytes=5-', 'if-range': headers['etag']! })).status).toBe(206);
      expect((await get({ range: 'bytes=5-', 'if-range': '"other"' })).body.length).toBe(size);
      expect((await get({ 'if-none-match': headers['etag']! })).status).toBe(304);
    });

    it('by nodes and the api alone', async () => {
      expect((await cell.http('GET', blobUrl(bytes), { as: 'api' })).status).toBe(200);
      for (const as of ['scheduler', 'billing']) {
        expect(await cell.http('GET', blobUrl(bytes), { as })).toMatchObject({ status: 403 });
      }
      expect(await cell.http('GET', `/blobs/sha256:${'0'.repeat(64)}`)).toMatchObject({ status: 404 });
      for (const path of ['/blobs/sha256:../../etc/passwd', '/blobs/', '/', `/blobs/md5:${'0'.repeat(64)}`]) {
        expect(await cell.http('GET', path)).toMatchObject({ status: 404 });
      }
      expect(await cell.http('DELETE', blobUrl(bytes))).toMatchObject({ status: 404 });
    });
  });
});
