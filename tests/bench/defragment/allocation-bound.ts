import type { OpenbNode, OpenbTask } from '@ostro/traces';
import { LinearProgram } from './linear-program.ts';

/** What of an openb task the bound looks at. */
export type Task = Pick<OpenbTask, 'cpuMilli' | 'memoryMib' | 'gpus' | 'gpuMilli' | 'models'>;
export type Node = Pick<OpenbNode, 'cpuMilli' | 'memoryMib' | 'gpus' | 'model'>;

const WHOLE = 1000;

interface Kind<T> {
  readonly of: T;
  count: number;
}

/**
 * The most GPU thousandths that anyone could have allocated who knows all tasks and may refuse: a linear program in which
 * tasks, GPUs and nodes may be divided, so nothing that can be done exceeds it.
 *
 *     maximize   sum over kinds of task t and of node n of milli(t) x y(t, n)
 *     such that  sum over n of y(t, n)            <= arrived(t), and >= kept(t)
 *                CPU and memory of all y(., n)    <= those of all nodes n
 *                GPUs of tasks on several + z(n)  <= GPUs of all nodes n
 *                shares of size s in y(., n)      <= shares of size s in the fills z(n, .)
 *
 * where z(n, f) is how many GPUs of n are filled in the way f, and f goes through every way to fill one GPU with shares
 * that leaves no room for another. The last two are what makes it tight: by sums alone 100 % would fit. With `kept` it
 * bounds what moving replicas can reach from there: what runs stays, wherever it goes; only what waits may be left out.
 */
export function allocationBound(nodes: readonly Node[], arrived: readonly Task[], kept: readonly Task[] = []): number {
  const program = new LinearProgram();
  const staying = new Map(kindsOf(kept, taskKey).map(({ of, count }) => [taskKey(of), count]));
  const nodeKinds = kindsOf(nodes, nodeKey);
  // A task without GPUs only takes from the others, so it matters where it has to stay.
  const taskKinds = kindsOf(arrived, taskKey).filter(({ of }) => of.gpus > 0 || staying.has(taskKey(of)));
  const fills = fillsOf(taskKinds.filter(({ of }) => of.gpus === 1).map(({ of }) => of.gpuMilli));
  for (const [n, { of: node, count }] of nodeKinds.entries()) {
    program.atMost(`cpu${n}`, node.cpuMilli * count);
    program.atMost(`memory${n}`, node.memoryMib * count);
    program.atMost(`gpus${n}`, node.gpus * count);
    addFills(program, n, fills);
  }
  for (const [t, { of: task, count }] of taskKinds.entries()) {
    program.atMost(`task${t}`, count);
    program.atLeast(`task${t}`, staying.get(taskKey(task)) ?? 0);
    for (const [n, { of: node }] of nodeKinds.entries()) if (fits(task, node)) addTask(program, task, t, n);
  }
  return program.maximum();
}

function addFills(program: LinearProgram, n: number, fills: readonly (readonly Fill[])[]): void {
  for (const [f, fill] of fills.entries()) {
    program.use(`gpus${n}`, `z${n}_${f}`, 1);
    for (const { milli, count } of fill) program.use(`share${milli}_${n}`, `z${n}_${f}`, -count);
  }
}

function addTask(program: LinearProgram, task: Task, t: number, n: number): void {
  const variable = `y${t}_${n}`;
  program.gain(variable, task.gpus * task.gpuMilli);
  program.use(`task${t}`, variable, 1);
  program.use(`cpu${n}`, variable, task.cpuMilli);
  program.use(`memory${n}`, variable, task.memoryMib);
  if (task.gpus === 1) {
    program.use(`share${task.gpuMilli}_${n}`, variable, 1);
    program.atMost(`share${task.gpuMilli}_${n}`, 0);
  } else if (task.gpus > 1) program.use(`gpus${n}`, variable, task.gpus);
}

interface Fill {
  readonly milli: number;
  readonly count: number;
}

/** Every way to fill one GPU with shares of these sizes that leaves no room for another. */
export function fillsOf(sizes: readonly number[]): readonly (readonly Fill[])[] {
  const ordered = [...new Set(sizes)].sort((a, b) => b - a);
  const fills: (readonly Fill[])[] = [];
  const fill = (at: number, left: number, chosen: readonly Fill[]): void => {
    const milli = ordered[at];
    if (milli === undefined) {
      if (left < ordered.at(-1)!) fills.push(chosen);
      return;
    }
    for (let count = Math.floor(left / milli); count >= 0; count -= 1) {
      fill(at + 1, left - count * milli, count === 0 ? chosen : [...chosen, { milli, count }]);
    }
  };
  if (ordered.length > 0) fill(0, WHOLE, []);
  return fills;
}

function fits(task: Task, node: Node): boolean {
  const isAllowed = task.gpus === 0 || task.models.length === 0 || task.models.includes(node.model ?? '');
  return isAllowed && task.gpus <= node.gpus && task.cpuMilli <= node.cpuMilli && task.memoryMib <= node.memoryMib;
}

function kindsOf<T>(all: readonly T[], keyOf: (each: T) => string): readonly Kind<T>[] {
  const kinds = new Map<string, Kind<T>>();
  for (const each of all) {
    const kind = kinds.get(keyOf(each));
    if (kind === undefined) kinds.set(keyOf(each), { of: each, count: 1 });
    else kind.count += 1;
  }
  return [...kinds.values()];
}

function taskKey({ cpuMilli, memoryMib, gpus, gpuMilli, models }: Task): string {
  return [cpuMilli, memoryMib, gpus, gpuMilli, [...models].sort().join('|')].join(' ');
}

function nodeKey({ cpuMilli, memoryMib, gpus, model }: Node): string {
  return [cpuMilli, memoryMib, gpus, model].join(' ');
}
