import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryV1 } from '@ostro/contracts';
import { tinyModel } from '@ostro/model-formats';
import { ended } from './imports.ts';
import { RunningRegistry, sha256Of } from './running-registry.ts';

describe('probe', () => {
  it('imports gemma', async () => {
    const cell = await RunningRegistry.open({ env: { OSTRO_PACKAGED_MODEL_DIR: '/tmp/ostro-cache/models' } });
    const imports = await cell.imports();
    const t0 = performance.now();
    const { import: created } = await imports.createImport(
      {
        requestId: 'a',
        organizationId: cell.organizationId,
        modelName: 'gemma-3-270m',
        alias: '',
        source: { $case: 'packaged', packaged: { name: 'gemma-3-270m' } },
      },
      await cell.as(),
    );
    const last = await ended(cell, created!.importId);
    console.log(performance.now() - t0, last);
    const { revision } = await (await cell.models()).resolveModel(
      { organizationId: cell.organizationId, reference: 'gemma-3-270m' },
      await cell.as(),
    );
    console.log(revision!.digest, revision!.facts, revision!.licence, revision!.manifest!.files[0]);
    const t1 = performance.now();
    const got = await cell.http('GET', `/blobs/sha256:${Buffer.from(revision!.manifest!.files[0]!.sha256).toString('hex')}`, { as: await cell.nodeIdentity() });
    console.log(got.status, got.headers, got.body.length, sha256Of(got.body), performance.now() - t1);
    await cell.close();
  });
});
