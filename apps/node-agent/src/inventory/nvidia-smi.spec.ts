import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nvidiaInventory } from './nvidia-smi.ts';

const HEAD = 'index, uuid, name, memory.total [MiB], memory.used [MiB], driver_version';

/** A script in the tool's place, as the tool is what this module talks to. */
describe('nvidiaInventory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'smi-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const tool = async (script: string): Promise<string> => {
    const path = join(dir, 'nvidia-smi');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  };

  it('is nothing where there is no tool', async () => {
    expect(await nvidiaInventory(join(dir, 'none'))).toBeUndefined();
  });

  it('drops the field an older driver does not know', async () => {
    const command = await tool(
      `case "$1" in
        *mig.mode*) echo 'Field "mig.mode.current" is not a valid field to query.'; exit 2;;
        *query-gpu*) printf '${HEAD}\\n0, GPU-a, NVIDIA A10, 23028 MiB, 28 MiB, 470.1\\n';;
      esac`,
    );
    expect(await nvidiaInventory(command)).toMatchObject({
      accelerators: [{ acceleratorId: 'GPU-a', model: 'A10', memoryBytes: 23_028n * 1_048_576n, healthy: true }],
      driverVersion: '470.1',
      usedBytes: 28n * 1_048_576n,
    });
  });

  it('offers the slices of a GPU in MIG mode, not the GPU', async () => {
    const command = await tool(
      `case "$1" in
        *query-gpu*) printf '${HEAD}, mig.mode.current\\n0, GPU-a, NVIDIA A100-SXM4-80GB, 81920 MiB, 0 MiB, 580, Enabled\\n';;
        -L) printf 'GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-a)\\n  MIG 3g.40gb Device 0: (UUID: MIG-b)\\n';;
      esac`,
    );
    const { accelerators } = (await nvidiaInventory(command))!;
    expect(accelerators).toMatchObject([{ acceleratorId: 'MIG-b', model: 'A100-80GB-mig-3g.40gb' }]);
  });

  it('fails when the tool does, instead of saying there is nothing', async () => {
    await expect(nvidiaInventory(await tool('echo "GPU is lost" >&2; exit 15'))).rejects.toThrow('GPU is lost');
  });
});
