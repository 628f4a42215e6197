import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import {
  blobUrl,
  ended,
  fileUrl,
  IMPORT_STATE_PUBLISHED,
  resolved,
  sendPart,
  startImport,
  uploadOf,
} from './imports.ts';
import { ModelServer } from './model-server.ts';
import { RunningRegistry, sha256Of } from './running-registry.ts';

jest.setTimeout(180_000);

describe('a registry that is killed', () => {
  let cell: RunningRegistry;
  let server: ModelServer;
  beforeAll(async () => {
    cell = await RunningRegistry.open({ env: { OSTRO_IMPORT_LEASE_MS: '2000' } });
    server = await ModelServer.open(join(cell.dir, 'models'));
    await cell.stop();
  });
  afterAll(async () => {
    await cell.close();
    await server.close();
  });

  const receivedOf = async (importId: string) => {
    const { organizationId } = cell;
    const { import: seen } = await (await cell.imports()).getImport({ organizationId, importId }, await cell.as());
    return Number(seen!.receivedBytes);
  };

  it('in the middle of an import goes on from the bytes it had', async () => {
    const bytes = tinyModel({ seed: 31 });
    const reaching = { OSTRO_IMPORT_CA_FILE: server.caFile, OSTRO_IMPORT_ALLOWED_HOSTS: 'localhost' };
    const half = Math.floor(bytes.length / 2);
    server.on('/m.gguf', (_, response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': bytes.length }).write(bytes.subarray(0, half));
    });
    const first = await cell.startProcess(reaching);
    const { importId } = await startImport(cell, 'killed', {
      $case: 'https',
      https: { url: server.url('/m.gguf'), sha256: '' },
    });
    await eventually(async () => expect(await receivedOf(importId)).toBe(half), { withinMs: 30_000 });
    await first.kill();

    server.file('/m.gguf', bytes, { etag: '"v1"' });
    await cell.startProcess(reaching);
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_PUBLISHED });
    expect(server.requests.at(-1)?.headers).toMatchObject({ range: `bytes=${half}-`, 'if-range': '"v1"' });
    expect(Buffer.from((await resolved(cell, 'killed')).manifest!.files[0]!.sha256).toString('hex')).toBe(
      sha256Of(bytes),
    );
    expect(await readdir(join(cell.blobDir, 'staging'))).toEqual([]);
    await cell.stop();
  });

  it('in the middle of an upload tells the client where to go on', async () => {
    const bytes = tinyModel({ seed: 32 });
    const first = await cell.startProcess();
    const { importId } = await startImport(cell, 'half-sent', uploadOf({ 'm.gguf': bytes }));
    const url = fileUrl(importId, 'm.gguf');
    const sent = cell.trickle(url, { bytes: bytes.subarray(0, 200_000), token: await cell.token() });
    await eventually(async () => expect(await receivedOf(importId)).toBe(200_000), { withinMs: 30_000 });
    await first.kill();
    await expect(sent).rejects.toThrow();

    await cell.startProcess();
    const headers = { authorization: `Bearer ${await cell.token()}` };
    const offset = Number((await cell.http('HEAD', url, { headers })).headers['upload-offset']);
    expect(offset).toBe(200_000);
    expect(await sendPart(cell, url, { bytes: bytes.subarray(offset), offset })).toMatchObject({ status: 204 });
    const { organizationId } = cell;
    await (await cell.imports()).completeUpload({ organizationId, importId }, await cell.as());
    expect(await ended(cell, importId)).toMatchObject({ state: IMPORT_STATE_PUBLISHED });
    expect(sha256Of((await cell.http('GET', blobUrl(bytes))).body)).toBe(sha256Of(bytes));
  });
});
