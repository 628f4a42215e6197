import { basename } from 'node:path';
import type { OpenbTask } from '@ostro/traces';
import { type Cluster, readCluster, readTasks } from '../placement/openb.ts';
import { workload } from '../placement/workload.ts';
import { allocationBound } from './allocation-bound.ts';
import { type Defragmentation, run } from './defragmented-run.ts';

/**
 * Never more than 2 % of the replicas, planned at every half percent of the capacity that arrives: moves gain most while
 * there still is room to move, and little at the end.
 */
const DEFRAGMENTATION: Defragmentation = { fromMilli: 700, stepMilli: 5, shareMilli: 20, leastGainMilli: 60 };

export interface DefragmentOptions {
  readonly nodes: string;
  readonly tasks: readonly string[];
  readonly seeds: readonly number[];
}

/** Means over the seeds, percentages of all GPUs when 100 % has arrived. */
export interface DefragmentedList {
  readonly name: string;
  readonly seeds: number;
  readonly onlinePercent: number;
  readonly defragmentedPercent: number;
  /** Of a clairvoyant that may refuse: what nobody exceeds. */
  readonly boundPercent: number;
  /**
   * Of one that keeps what the online run placed, wherever it goes: what no number of moves exceeds when all has arrived.
   * Moves made on the way let in other tasks, and may end a little above it.
   */
  readonly movingBoundPercent: number;
  /** Moves as a share of the replicas that run in the end. */
  readonly movedShare: number;
  /** Of online to bound, and of online to the bound of moving. */
  readonly gapClosed: number;
  readonly movingGapClosed: number;
}

type Figures = Omit<DefragmentedList, 'name' | 'seeds' | 'gapClosed' | 'movingGapClosed'>;

/** Says on standard error what it is at: a seed takes half a minute. */
export async function defragmentBench(options: DefragmentOptions): Promise<readonly DefragmentedList[]> {
  const cluster = await readCluster(options.nodes);
  const lists: DefragmentedList[] = [];
  for (const file of options.tasks) {
    const tasks = await readTasks(file);
    const name = basename(file, '.csv');
    const all = options.seeds.map((seed) => {
      const figures = measure(cluster, tasks, seed);
      process.stderr.write(`${name} seed ${seed} ${JSON.stringify(figures)}\n`);
      return figures;
    });
    lists.push(meanOf(name, all));
  }
  return lists;
}

function meanOf(name: string, all: readonly Figures[]): DefragmentedList {
  const mean = (of: (each: Figures) => number): number => all.reduce((sum, each) => sum + of(each), 0) / all.length;
  const figures = {
    onlinePercent: mean((each) => each.onlinePercent),
    defragmentedPercent: mean((each) => each.defragmentedPercent),
    boundPercent: mean((each) => each.boundPercent),
    movingBoundPercent: mean((each) => each.movingBoundPercent),
    movedShare: Math.max(...all.map((each) => each.movedShare)),
  };
  const gained = figures.defragmentedPercent - figures.onlinePercent;
  return {
    name,
    seeds: all.length,
    ...figures,
    gapClosed: gained / (figures.boundPercent - figures.onlinePercent),
    movingGapClosed: gained / (figures.movingBoundPercent - figures.onlinePercent),
  };
}

function measure(cluster: Cluster, tasks: readonly OpenbTask[], seed: number): Figures {
  const percent = (milli: number): number => Math.round((1e5 * milli) / cluster.gpuMilli) / 1000;
  const work = workload(tasks, cluster.gpuMilli, seed);
  const online = run(cluster, work);
  const defragmented = run(cluster, work, DEFRAGMENTATION);
  return {
    onlinePercent: percent(online.allocatedMilli),
    defragmentedPercent: percent(defragmented.allocatedMilli),
    boundPercent: percent(allocationBound(cluster.nodes, online.arrived)),
    movingBoundPercent: percent(allocationBound(cluster.nodes, online.arrived, online.kept)),
    movedShare: defragmented.moves / defragmented.kept.length,
  };
}

export function defragmentTable(lists: readonly DefragmentedList[]): string {
  const percent = (value: number, width: number): string => value.toFixed(2).padStart(width);
  return [
    'list                        online  defragmented  bound of moving   bound  moved  gap closed (of moving at the end)',
    ...lists.map(
      (list) =>
        list.name.padEnd(26) +
        percent(list.onlinePercent, 8) +
        percent(list.defragmentedPercent, 14) +
        percent(list.movingBoundPercent, 17) +
        percent(list.boundPercent, 8) +
        percent(100 * list.movedShare, 7) +
        `${(100 * list.gapClosed).toFixed(0).padStart(10)} % (${(100 * list.movingGapClosed).toFixed(0)} %)`,
    ),
  ].join('\n');
}
