import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeV1 } from '@ostro/contracts';
import { createLogger } from '@ostro/telemetry';
import { DesiredStateFile } from './desired-state-file.ts';

describe('DesiredStateFile', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'desired-'));
    path = join(dir, 'desired-state.json');
  });
  afterEach(() => rm(dir, { recursive: true }));

  const file = (): DesiredStateFile => new DesiredStateFile(path, createLogger({ service: 'test', level: 'error' }));

  it('gives back what was saved', async () => {
    const state = nodeV1.DesiredState.fromPartial({
      nodeId: 'nod_1',
      epoch: 2n,
      generation: 3n,
      replicas: [{ replicaId: 'r' }],
    });
    expect(await file().load()).toBeUndefined();
    await file().save(state);
    expect(await file().load()).toEqual(state);
  });

  it.each(['{"format":1,"sta', '{"format":99,"state":""}', ''])(
    'waits for the scheduler when it holds %p',
    async (text) => {
      await writeFile(path, text);
      expect(await file().load()).toBeUndefined();
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );
});
