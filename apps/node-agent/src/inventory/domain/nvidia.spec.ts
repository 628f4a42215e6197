import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceleratorModel } from './gpu.ts';
import { parseGpuList } from './nvidia-list.ts';
import { parseGpus, parseQueryTable, unknownField } from './nvidia-query.ts';
import { parseIslands } from './nvidia-topology.ts';
import { parseSimulation } from './simulated.ts';

// Synthetic: written by hand in the form of the tool's outputs. Real ones are read at the end, where a checkout has them
// beside it.

const MIB = 1024 * 1024;

describe('parseGpus', () => {
  const head = 'index, uuid, name, memory.total [MiB], memory.used [MiB], driver_version, mig.mode.current';

  it('reads sizes with their units', () => {
    expect(parseGpus(`${head}\n0, GPU-a, NVIDIA H200, 143771 MiB, 1024 MiB, 580.1, Disabled\n`)).toEqual([
      {
        index: 0,
        uuid: 'GPU-a',
        name: 'NVIDIA H200',
        memoryTotalBytes: 143_771 * MIB,
        memoryUsedBytes: 1024 * MIB,
        driverVersion: '580.1',
        isMigEnabled: false,
        isLost: false,
      },
    ]);
  });

  it.each(['[N/A]', '[Not Supported]', '[Unknown Error]', '[GPU is lost]'])('takes %s for no value', (cell) => {
    const row = `1, GPU-b, NVIDIA A10, ${cell}, ${cell}, 580.1, ${cell}`;
    expect(parseGpus(`${head}\n${row}`)).toMatchObject([{ isLost: true, memoryTotalBytes: 0, isMigEnabled: false }]);
  });

  it('reads rows that are cut off, and nothing from nothing', () => {
    expect(parseGpus(`${head}\n0, GPU-a`)).toMatchObject([{ uuid: 'GPU-a', isLost: true }]);
    expect(parseGpus('')).toEqual([]);
    expect(parseQueryTable('name\n')).toEqual([]);
  });

  it('finds the field that an older driver does not know', () => {
    expect(unknownField('Field "mig.mode.current" is not a valid field to query.\n')).toBe('mig.mode.current');
    expect(unknownField('Unable to determine the device handle')).toBeUndefined();
  });
});

describe('acceleratorModel', () => {
  it.each([
    ['NVIDIA H100 80GB HBM3', 'H100-80GB'],
    ['NVIDIA A100-SXM4-80GB', 'A100-80GB'],
    ['NVIDIA H200', 'H200'],
    ['NVIDIA L40S', 'L40S'],
    ['Tesla V100-SXM2-16GB', 'V100-16GB'],
    ['NVIDIA GeForce RTX 4090', 'RTX-4090'],
    ['NVIDIA H100 PCIe', 'H100'],
  ])('%s is %s', (name, model) => expect(acceleratorModel(name)).toBe(model));
});

describe('parseGpuList', () => {
  it('puts slices below their GPU', () => {
    const text =
      'GPU 0: NVIDIA A100 (UUID: GPU-0a)\n  MIG 3g.40gb     Device  0: (UUID: MIG-b)\nGPU 1: X (UUID: GPU-1c)\n';
    expect(parseGpuList(text)).toEqual([
      {
        index: 0,
        name: 'NVIDIA A100',
        uuid: 'GPU-0a',
        slices: [{ uuid: 'MIG-b', profile: '3g.40gb', memoryBytes: 40e9 }],
      },
      { index: 1, name: 'X', uuid: 'GPU-1c', slices: [] },
    ]);
  });
});

describe('parseIslands', () => {
  const entries = (text: string): [number, string][] => [...parseIslands(text)];

  it('finds two islands of a machine', () => {
    const text = [
      '\tGPU0\tGPU1\tGPU2\tGPU3\tNIC0\tCPU Affinity',
      'GPU0\t X \tNV4\tSYS\tSYS\tPIX\t0-1',
      'GPU1\tNV4\t X \tSYS\tSYS\tPIX\t0-1',
      'GPU2\tSYS\tSYS\t X \tNV4\tPIX\t0-1',
      'GPU3\tSYS\tSYS\tNV4\t X \tPIX\t0-1',
      'NIC0\tPIX\tPIX\tPIX\tPIX\t X \t',
    ].join('\n');
    expect(entries(text)).toEqual([
      [0, 'nvlink-0'],
      [1, 'nvlink-0'],
      [2, 'nvlink-2'],
      [3, 'nvlink-2'],
    ]);
  });

  it('joins what is linked through a third', () => {
    const text = '        GPU0 GPU1 GPU2\nGPU0  X NV1 SYS\nGPU1 NV1 X NV1\nGPU2 SYS NV1 X';
    expect(entries(text).map(([, island]) => island)).toEqual(['nvlink-0', 'nvlink-0', 'nvlink-0']);
  });

  it('reads what is left of a cut matrix, and nothing from nothing', () => {
    expect(entries('        GPU0 GPU1\nGPU0  X NV1')).toEqual([
      [0, 'nvlink-0'],
      [1, 'nvlink-0'],
    ]);
    expect(entries('        GPU0\nGPU0  X')).toEqual([]);
    expect(entries('')).toEqual([]);
  });
});

describe('parseSimulation', () => {
  it('reads a count and a model with its memory', () => {
    expect(parseSimulation('8xH100-80GB')).toEqual({ count: 8, model: 'H100-80GB', memoryBytes: 80n * 1024n ** 3n });
  });

  it.each(['', '8', 'H100-80GB', '0xH100-80GB', '8xH100', '8xH100-0GB', '8 x H100-80GB'])('refuses %p', (text) => {
    expect(() => parseSimulation(text)).toThrow(expect.objectContaining({ reason: 'INVALID_SIMULATION' }));
  });
});

const SAMPLES = join(import.meta.dirname, '../../../../../../shared/samples/nvidia-smi');
const sample = (name: string): string => readFileSync(join(SAMPLES, name), 'utf8');

if (existsSync(SAMPLES))
  describe('real outputs of nvidia-smi', () => {
    it('list eight H100', () => {
      const gpus = parseGpuList(sample('smi-L-h100-8gpu.txt'));
      expect(gpus.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(new Set(gpus.map(({ name }) => acceleratorModel(name)))).toEqual(new Set(['H100-80GB']));
    });

    it('list MIG slices below their GPUs', () => {
      expect(parseGpuList(sample('smi-L-a100-mig-2gpu.txt')).map(({ slices }) => slices.length)).toEqual([2, 2]);
      const mixed = parseGpuList(sample('smi-L-a100-mig-mixed.txt'));
      expect(mixed[0]!.slices.map(({ profile }) => profile)).toEqual(Array(7).fill('1g.10gb'));
      expect(new Set(mixed.flatMap(({ slices }) => slices.map(({ memoryBytes }) => memoryBytes)))).toEqual(
        new Set([10e9]),
      );
      expect(mixed.length).toBeGreaterThan(1);
    });

    it('query memory in a table with other fields', () => {
      const rows = parseQueryTable(sample('smi-query-csv-h200-8gpu-excerpt.txt'));
      expect(rows.length).toBeGreaterThanOrEqual(4);
      for (const row of rows) expect([row.get('name'), row.get('memory.total')]).toEqual(['NVIDIA H200', '143771']);
    });

    it.each([
      ['topo-2gpu-phb.txt', []],
      ['topo-8gpu-pcie-sys.txt', []],
      ['topo-dgx-h100-8gpu-12nic.txt', [0, 1, 2, 3, 4, 5, 6, 7]],
      ['topo-h100-8gpu-vm-no-nic.txt', [0, 1, 2, 3, 4, 5, 6, 7]],
      ['topo-nv8-8gpu-9nic-excerpt.txt', [0, 1, 2, 3, 4, 5, 6, 7]],
    ])('%s: NVLink joins %p', (name, gpus) => {
      const islands = parseIslands(sample(name));
      expect([...islands.keys()]).toEqual(gpus);
      expect(new Set(islands.values()).size).toBe(gpus.length === 0 ? 0 : 1);
    });
  });
