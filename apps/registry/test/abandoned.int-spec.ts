import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { manualClock } from '@ostro/kernel';
import { tinyModel } from '@ostro/model-formats';
import { eventually } from '@ostro/testing';
import {
  fileUrl,
  IMPORT_STATE_AWAITING_UPLOAD,
  IMPORT_STATE_CANCELLED,
  sendPart,
  startImport,
  uploadOf,
} from './imports.ts';
import { RunningRegistry } from './running-registry.ts';

const HOUR_MS = 3_600_000;

describe('an upload that nobody goes on with', () => {
  const clock = manualClock(new Date());
  let cell: RunningRegistry;
  beforeAll(async () => {
    cell = await RunningRegistry.open({ clock });
  });
  afterAll(() => cell.close());

  it('is cancelled after a day without a byte, and its bytes go', async () => {
    const bytes = tinyModel();
    const start = () => startImport(cell, 'm', uploadOf({ 'm.gguf': bytes }));
    const send = async (importId: string, offset: number) => {
      const part = { bytes: bytes.subarray(offset, offset + 1_000), offset };
      expect(await sendPart(cell, fileUrl(importId, 'm.gguf'), part)).toMatchObject({ status: 204 });
    };
    const [abandoned, slow] = [await start(), await start()];
    for (const { importId } of [abandoned, slow]) await send(importId, 0);
    clock.advance(23 * HOUR_MS);
    await send(slow.importId, 1_000);
    clock.advance(2 * HOUR_MS);
    // A registry looks after abandoned uploads when it starts, too.
    await cell.stop();
    await cell.start();
    const { organizationId } = cell;
    await eventually(async () => expect(await readdir(join(cell.blobDir, 'staging'))).toEqual([slow.importId]));
    const imports = await cell.imports();
    const stateOf = async (importId: string) =>
      (await imports.getImport({ organizationId, importId }, await cell.as())).import!.state;
    expect(await stateOf(abandoned.importId)).toBe(IMPORT_STATE_CANCELLED);
    expect(await stateOf(slow.importId)).toBe(IMPORT_STATE_AWAITING_UPLOAD);
    await send(slow.importId, 2_000);
  });
});
