import type { OpenbTask } from '@ostro/traces';
import { workload, gpuMilliOf } from './workload.ts';

const task = (taskId: string, gpus: number, gpuMilli: number): OpenbTask => ({
  taskId,
  cpuMilli: 1000,
  memoryMib: 1,
  gpus,
  gpuMilli,
  models: [],
  qos: undefined,
  phase: undefined,
  createdAtSeconds: undefined,
  deletedAtSeconds: undefined,
  scheduledAtSeconds: undefined,
});

describe('workload', () => {
  const tasks = [task('a', 1, 500), task('b', 2, 1000), task('c', 0, 0)];
  const sum = (work: readonly OpenbTask[]): number => work.reduce((all, each) => all + gpuMilliOf(each), 0);

  it('adds drawn tasks until they ask for more than 1.3 times the GPUs, and keeps every task of the list', () => {
    const work = workload(tasks, 10_000, 42);
    expect(sum(work)).toBeGreaterThan(13_000);
    expect(sum(work)).toBeLessThanOrEqual(13_000 + 2000);
    expect(new Set(work)).toEqual(new Set(tasks));
  });

  it('takes tasks out while they ask for more than that', () => {
    const many = Array.from({ length: 100 }, (_, at) => task(String(at), 1, 1000));
    const work = workload(many, 10_000, 42);
    expect(work).toHaveLength(13);
    expect(new Set(work).size).toBe(13);
  });

  it('is the same for the same seed, and another for another', () => {
    const ids = (seed: number): string[] => workload(tasks, 100_000, seed).map(({ taskId }) => taskId);
    expect(ids(7)).toEqual(ids(7));
    expect(ids(7)).not.toEqual(ids(8));
  });
});
