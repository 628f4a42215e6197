import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomIds } from '@ostro/kernel';
import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import {
  blobUrl,
  ended,
  fileUrl,
  IMPORT_STATE_AWAITING_UPLOAD,
  IMPORT_STATE_CANCELLED,
  IMPORT_STATE_FAILED,
  IMPORT_STATE_PUBLISHED,
  resolved,
  sendPart,
  startImport,
  uploaded,
  uploadOf,
} from './imports.ts';
import { RunningRegistry, sha256Of } from './running-registry.ts';

describe('an upload', () => {
  let cell: RunningRegistry;
  beforeAll(async () => {
    cell = await RunningRegistry.open();
  });
  afterAll(() => cell.close());

  const blobsOnDisk = async () =>
    (await readdir(join(cell.blobDir, 'sha256'), { recursive: true })).filter((name) => name.length > 60);
  const stagings = () => readdir(join(cell.blobDir, 'staging'));

  it('becomes a revision that nodes read whole, and leaves nothing behind', async () => {
    const bytes = tinyModel({ seed: 1 });
    const done = await uploaded(cell, 'tiny', { 'tiny.gguf': bytes });
    expect(done).toMatchObject({ state: IMPORT_STATE_PUBLISHED, receivedBytes: BigInt(bytes.length), errorReason: '' });
    const revision = await resolved(cell, 'tiny');
    expect(revision).toMatchObject({ digest: done.digest, modelName: 'tiny', source: 'upload', licence: 'apache-2.0' });
    expect(revision.facts).toMatchObject({ architecture: 'llama', layers: 2, hasChatTemplate: true });
    const [file] = revision.manifest!.files;
    expect(file).toMatchObject({ path: 'tiny.gguf', sizeBytes: BigInt(bytes.length), chunkSizeBytes: 67_108_864n });
    expect(Buffer.from(file!.sha256).toString('hex')).toBe(sha256Of(bytes));
    expect(file!.chunkSha256.map((digest) => Buffer.from(digest).toString('hex'))).toEqual([sha256Of(bytes)]);
    const answer = await cell.http('GET', blobUrl(bytes), { as: await cell.nodeIdentity() });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
    await eventually(async () => expect(await stagings()).toEqual([]));
  });

  it('goes on where it stopped after a restart', async () => {
    const bytes = tinyModel({ seed: 2 });
    const { importId } = await startImport(cell, 'interrupted', uploadOf({ 'a/b.gguf': bytes }));
    const url = fileUrl(importId, 'a/b.gguf');
    const offsets = [0, 1, 65_537, 300_000, bytes.length];
    for (const [index, offset] of offsets.slice(0, -1).entries()) {
      const headers = { authorization: `Bearer ${await cell.token()}` };
      expect((await cell.http('HEAD', url, { headers })).headers['upload-offset']).toBe(String(offset));
      const part = bytes.subarray(offset, offsets[index + 1]);
      expect(await sendPart(cell, url, { bytes: part, offset })).toMatchObject({ status: 204 });
      await cell.stop();
      await cell.start();
    }
    const { organizationId } = cell;
    await (await cell.imports()).completeUpload({ organizationId, importId }, await cell.as());
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_PUBLISHED });
    const answer = await cell.http('GET', blobUrl(bytes));
    expect(sha256Of(answer.body)).toBe(sha256Of(bytes));
  });

  it('refuses bytes that leave a gap, overlap or exceed the declared size, and says where to go on', async () => {
    const bytes = tinyModel({ seed: 3 });
    const { importId } = await startImport(cell, 'gaps', uploadOf({ 'm.gguf': bytes }));
    const url = fileUrl(importId, 'm.gguf');
    const at = (offset: number, part: Uint8Array) => sendPart(cell, url, { bytes: part, offset });
    expect(await at(0, bytes.subarray(0, 1_000))).toMatchObject({ status: 204, headers: { 'upload-offset': '1000' } });
    for (const wrong of [0, 999, 1_001, bytes.length]) {
      const answer = await at(wrong, bytes.subarray(0, 10));
      expect(answer).toMatchObject({ status: 409, headers: { 'upload-offset': '1000' } });
      expect(JSON.parse(answer.body.toString())).toMatchObject({ title: 'OFFSET_MISMATCH' });
    }
    expect(await at(1_000, bytes)).toMatchObject({ status: 413 });
    const { organizationId } = cell;
    await expect(
      (await cell.imports()).completeUpload({ organizationId, importId }, await cell.as()),
    ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'UPLOAD_INCOMPLETE' });
    const { import: waiting } = await (await cell.imports()).getImport({ organizationId, importId }, await cell.as());
    expect(waiting).toMatchObject({ state: IMPORT_STATE_AWAITING_UPLOAD, receivedBytes: 1_000n });
    expect(await at(1_000, bytes.subarray(1_000))).toMatchObject({ status: 204 });
  });

  it('never grows beyond its declared size, told beforehand or not', async () => {
    const bytes = tinyModel({ seed: 8 });
    const { importId } = await startImport(cell, 'large', uploadOf({ 'm.gguf': bytes.subarray(0, 100_000) }));
    const url = fileUrl(importId, 'm.gguf');
    const headers = { authorization: `Bearer ${await cell.token()}`, 'upload-offset': '0' };
    const untold = { ...headers, 'transfer-encoding': 'chunked' };
    expect(await cell.http('PATCH', url, { headers, body: bytes })).toMatchObject({ status: 413 });
    expect(await cell.http('PATCH', url, { headers: untold, body: bytes })).toMatchObject({ status: 413 });
    const told = await cell.http('HEAD', url, { headers });
    expect(Number(told.headers['upload-offset'])).toBeLessThanOrEqual(100_000);
    expect(told.headers['upload-length']).toBe('100000');
  });

  it('reaches no file that was not declared, whatever the path says', async () => {
    const { importId } = await startImport(cell, 'paths', uploadOf({ 'm.gguf': tinyModel() }));
    for (const path of ['other.gguf', '../m.gguf', '..%2fm.gguf', '%2e%2e/%2e%2e/etc/passwd', 'm.gguf/', '%ff']) {
      const answer = await sendPart(cell, `/imports/${importId}/files/${path}`, { bytes: Buffer.from('x'), offset: 0 });
      expect([400, 404]).toContain(answer.status);
    }
    for (const path of ['../m.gguf', '/m.gguf', 'a//b', 'a/./b', '', 'a\\b', `a\nb`]) {
      await expect(startImport(cell, 'paths', uploadOf({ [path]: tinyModel() }))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        reason: 'INVALID_PATH',
      });
    }
  });

  it('of the same content is stored once and is the same revision', async () => {
    const bytes = tinyModel({ seed: 4 });
    const first = await uploaded(cell, 'once', { 'm.gguf': bytes });
    const held = await blobsOnDisk();
    const second = await uploaded(cell, 'once', { 'm.gguf': bytes });
    const other = await uploaded(cell, 'once-more', { 'm.gguf': bytes });
    expect([second.digest, other.digest]).toEqual([first.digest, first.digest]);
    expect(await blobsOnDisk()).toEqual(held);
    const { organizationId } = cell;
    const models = await cell.models();
    const list = { organizationId, model: 'once', pageSize: 0, pageToken: '' };
    expect((await models.listModelRevisions(list, await cell.as())).revisions).toHaveLength(1);
    expect((await resolved(cell, first.digest)).modelName).toBe('once');
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1), 'GGUF_TENSOR_BEYOND_FILE'],
    ['cut short in its header', (bytes: Buffer) => bytes.subarray(0, 15), 'GGUF_TRUNCATED'],
    ['of an impossible version', (bytes: Buffer) => bytes.fill(9, 4, 5), 'GGUF_VERSION'],
    ['that is a pickle', () => Buffer.from('80049500', 'hex'), 'FORMAT_PICKLE'],
    ['that is nothing known', () => Buffer.from('x'.repeat(1_000)), 'FORMAT_UNKNOWN'],
  ])('%s is refused by its rule and removed', async (_, damage, rule) => {
    const bytes = damage(Buffer.from(tinyModel({ seed: 5 })));
    const failed = await uploaded(cell, 'damaged', { 'm.gguf': bytes });
    expect(failed).toMatchObject({ state: IMPORT_STATE_FAILED, errorReason: rule, digest: '' });
    expect(failed.errorMessage).not.toBe('');
    await expect(resolved(cell, 'damaged')).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'MODEL_NOT_FOUND' });
    expect(await cell.http('GET', blobUrl(bytes))).toMatchObject({ status: 404 });
    await eventually(async () => expect(await stagings()).not.toContain(failed.importId));
  });

  it('that is cancelled takes no more bytes and leaves none', async () => {
    const bytes = tinyModel({ seed: 6 });
    const { importId } = await startImport(cell, 'cancelled', uploadOf({ 'm.gguf': bytes }));
    const url = fileUrl(importId, 'm.gguf');
    await sendPart(cell, url, { bytes: bytes.subarray(0, 1_000), offset: 0 });
    expect(await stagings()).toContain(importId);
    const { organizationId } = cell;
    const imports = await cell.imports();
    await imports.cancelImport({ organizationId, importId }, await cell.as());
    expect(await stagings()).not.toContain(importId);
    expect(await sendPart(cell, url, { bytes: bytes.subarray(1_000), offset: 1_000 })).toMatchObject({ status: 409 });
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_CANCELLED });
  });

  it('is for its organization, for the api and for whoever may import', async () => {
    const bytes = tinyModel({ seed: 7 });
    const { importId } = await startImport(cell, 'mine', uploadOf({ 'm.gguf': bytes }));
    const url = fileUrl(importId, 'm.gguf');
    const part = { bytes: bytes.subarray(0, 10), offset: 0 };
    const foreign = randomIds('org');
    expect(await sendPart(cell, url, { ...part, token: await cell.token(foreign) })).toMatchObject({ status: 404 });
    const reader = await cell.token(cell.organizationId, ['registry.models.read']);
    expect(await sendPart(cell, url, { ...part, token: reader })).toMatchObject({ status: 403 });
    expect(await cell.http('PATCH', url, { headers: { 'upload-offset': '0' }, body: part.bytes })).toMatchObject({
      status: 401,
    });
    const headers = { authorization: `Bearer ${await cell.token()}`, 'upload-offset': '0' };
    const node = { as: await cell.nodeIdentity(), headers, body: part.bytes };
    expect(await cell.http('PATCH', url, node)).toMatchObject({ status: 403 });
    const imports = await cell.imports();
    for (const call of [imports.getImport, imports.completeUpload, imports.cancelImport]) {
      await expect(call({ organizationId: foreign, importId }, await cell.as(foreign))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'IMPORT_NOT_FOUND',
      });
      await expect(
        call({ organizationId: cell.organizationId, importId }, await cell.as(foreign)),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});
