import type { OpenbTask } from '@ostro/traces';
import { allocationPercent } from './allocation.ts';
import type { Cluster } from './openb.ts';
import { OstroPlacer } from './ostro-placer.ts';
import { bestFit } from './rivals/best-fit.ts';
import { fgd } from './rivals/fgd.ts';
import { packing } from './rivals/packing.ts';
import { RandomPlacer } from './rivals/random-fit.ts';
import { RivalCluster } from './rivals/rival-cluster.ts';
import { ScoredPlacer } from './rivals/scored-placer.ts';
import { workload } from './workload.ts';

const task = (gpus: number, gpuMilli: number, others: Partial<OpenbTask> = {}): OpenbTask => ({
  taskId: 'task',
  cpuMilli: 4000,
  memoryMib: 1024,
  gpus,
  gpuMilli,
  models: [],
  qos: undefined,
  phase: undefined,
  createdAtSeconds: undefined,
  deletedAtSeconds: undefined,
  scheduledAtSeconds: undefined,
  ...others,
});

describe('allocationPercent', () => {
  it('is the mean over the tasks with which arrived rounds to 100 percent', () => {
    const placed = [true, true, false, true, true];
    const place = (): boolean => placed.shift()!;
    // 40, 99.6, 100.4, 101 percent arrived: the second and third count, with 99.6 and 99.6 percent allocated.
    const work = [task(1, 400), task(1, 596), task(1, 8), task(1, 6), task(1, 1)];
    expect(allocationPercent(work, 1000, { place })).toBeCloseTo(99.6, 9);
    expect(placed).toHaveLength(1);
  });
});

describe('every policy', () => {
  const cluster: Cluster = {
    nodes: Array.from({ length: 12 }, (_, at) => ({
      nodeId: `n${at}`,
      cpuMilli: at % 3 === 0 ? 16_000 : 48_000,
      memoryMib: 65_536,
      gpus: at % 3 === 0 ? 2 : 4,
      model: at % 3 === 0 ? 'T4' : 'G2',
    })),
    gpuMilli: 40_000,
  };
  const tasks = [
    task(1, 810),
    task(1, 470, { cpuMilli: 8000 }),
    task(1, 1000, { cpuMilli: 11_000 }),
    task(4, 1000),
    task(1, 160, { models: ['T4'] }),
    task(0, 0, { cpuMilli: 6000 }),
  ];
  const scored = (rival: RivalCluster, score: ConstructorParameters<typeof ScoredPlacer>[1]) =>
    new ScoredPlacer(rival, score);
  const policies = {
    random: (rival: RivalCluster) => new RandomPlacer(rival, 1),
    bestfit: (rival: RivalCluster) => scored(rival, bestFit(rival)),
    packing: (rival: RivalCluster) => scored(rival, packing(rival)),
    fgd: (rival: RivalCluster, work: readonly OpenbTask[]) => scored(rival, fgd(rival, work)),
  };

  it.each(Object.entries(policies))('%s refuses only what fits nowhere, and takes what it places', (_name, make) => {
    const rival = new RivalCluster(cluster);
    const work = workload(tasks, cluster.gpuMilli, 3);
    const placer = make(rival, work);
    for (const each of work) {
      const kind = rival.kindOf(each);
      const fits = cluster.nodes.some((_, node) => rival.fits(node, kind));
      const before = rival.freeMilli.reduce((sum, free) => sum + free, 0);
      expect(placer.place(each)).toBe(fits);
      const after = rival.freeMilli.reduce((sum, free) => sum + free, 0);
      expect(before - after).toBe(fits ? each.gpus * each.gpuMilli : 0);
    }
    expect(rival.free.every((free) => free >= 0) && rival.cpuMilli.every((free) => free >= 0)).toBe(true);
    expect(rival.free.reduce((sum, free) => sum + free, 0)).toBe(rival.freeMilli.reduce((sum, free) => sum + free, 0));
  });

  it('ostro fills the same cluster, and its books agree', () => {
    const work = workload(tasks, cluster.gpuMilli, 3);
    const placer = new OstroPlacer(cluster);
    let taken = 0;
    for (const each of work) if (placer.place(each)) taken += each.gpus * each.gpuMilli;
    const free = placer.snapshot.nodes.flatMap(({ accelerators }) => accelerators.map((one) => one.freeMemoryBytes));
    expect(free.reduce((sum, bytes) => sum + bytes, 0)).toBe(cluster.gpuMilli - taken);
    expect(taken).toBeGreaterThan(0.8 * cluster.gpuMilli);
  });
});
