import { allocationBound, fillsOf, type Node, type Task } from './allocation-bound.ts';

const aNode = (overrides: Partial<Node> = {}): Node => ({
  cpuMilli: 8000,
  memoryMib: 64_000,
  gpus: 2,
  model: 'T4',
  ...overrides,
});
const aTask = (gpuMilli: number, overrides: Partial<Task> = {}): Task => ({
  cpuMilli: 1000,
  memoryMib: 1000,
  gpus: 1,
  gpuMilli,
  models: [],
  ...overrides,
});
const times = (count: number, task: Task): readonly Task[] => Array.from({ length: count }, () => task);

describe('fillsOf', () => {
  it('lists every fill of a GPU that leaves no room for another share', () => {
    const fills = fillsOf([600, 300, 600]).map((fill) => fill.map(({ milli, count }) => `${count}x${milli}`).join('+'));
    expect(fills).toEqual(['1x600+1x300', '3x300']);
  });
});

describe('allocationBound', () => {
  it.each([
    ['what fits', [aTask(500), aTask(300)], 800],
    ['one share a GPU where two exceed it', times(4, aTask(600)), 1200],
    ['cores', times(2, aTask(1000, { cpuMilli: 8000 })), 1000],
    ['host memory', times(2, aTask(1000, { memoryMib: 64_000 })), 1000],
    ['the models that are allowed', [aTask(1000, { models: ['H100'] }), aTask(400, { models: ['H100', 'T4'] })], 400],
    ['groups that one node can hold', [aTask(1000, { gpus: 4 }), aTask(1000, { gpus: 2 })], 2000],
  ])('counts %s', (_what, tasks, milli) => {
    expect(allocationBound([aNode()], tasks)).toBeCloseTo(milli, 3);
  });

  it('may refuse the awkward, unless it is kept', () => {
    const awkward = times(2, aTask(600));
    const all = [...awkward, ...times(2, aTask(1000))];
    expect(allocationBound([aNode()], all)).toBeCloseTo(2000, 3);
    expect(allocationBound([aNode()], all, awkward)).toBeCloseTo(1200, 3);
  });

  it('counts what is kept without GPUs as taking cores from the others', () => {
    const cores = aTask(0, { gpus: 0, cpuMilli: 7500 });
    const all = [cores, ...times(2, aTask(1000))];
    expect(allocationBound([aNode()], all)).toBeCloseTo(2000, 3);
    expect(allocationBound([aNode()], all, [cores])).toBeCloseTo(500, 3);
  });
});
