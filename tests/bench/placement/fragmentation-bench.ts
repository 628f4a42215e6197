import { basename } from 'node:path';
import type { OpenbTask } from '@ostro/traces';
import { measureCpu } from '../cpu-time.ts';
import { mean } from '../statistics.ts';
import { allocationPercent, type Placer } from './allocation.ts';
import { type Cluster, readCluster, readTasks } from './openb.ts';
import { OstroPlacer } from './ostro-placer.ts';
import { bestFit } from './rivals/best-fit.ts';
import { fgd } from './rivals/fgd.ts';
import { packing } from './rivals/packing.ts';
import { RandomPlacer } from './rivals/random-fit.ts';
import { RivalCluster } from './rivals/rival-cluster.ts';
import { ScoredPlacer } from './rivals/scored-placer.ts';
import { workload } from './workload.ts';

export interface FragmentationOptions {
  readonly nodes: string;
  readonly tasks: readonly string[];
  readonly seeds: readonly number[];
  readonly policies: readonly PolicyName[];
}

export interface Figure {
  readonly meanPercent: number;
  /** Of the seeds, with n - 1; 0 with one seed. */
  readonly sdPercent: number;
  readonly seeds: number;
}

export interface ListFigures {
  readonly name: string;
  readonly policies: Partial<Record<PolicyName, Figure>>;
}

export interface FragmentationFigures {
  readonly lists: readonly ListFigures[];
  /** Of `ostro`: place, apply and estimating the demand, by the CPU time of this whole process; null where it did not run. */
  readonly decisionsPerCpuSecond: number | null;
}

type MakePlacer = (cluster: Cluster, work: readonly OpenbTask[], seed: number) => Placer;

const PLACERS = {
  random: ({ nodes, gpuMilli }, _work, seed) => new RandomPlacer(new RivalCluster({ nodes, gpuMilli }), seed),
  bestfit: (cluster) => scored(cluster, bestFit),
  packing: (cluster) => scored(cluster, packing),
  fgd: (cluster, work) => scored(cluster, (rival) => fgd(rival, work)),
  ostro: (cluster) => new OstroPlacer(cluster),
} satisfies Record<string, MakePlacer>;

export type PolicyName = keyof typeof PLACERS;

export const POLICY_NAMES = Object.keys(PLACERS) as readonly PolicyName[];

function scored(
  cluster: Cluster,
  score: (rival: RivalCluster) => ConstructorParameters<typeof ScoredPlacer>[1],
): Placer {
  const rival = new RivalCluster(cluster);
  return new ScoredPlacer(rival, score(rival));
}

/** Says on standard error what it is at: a run of all lists takes minutes. */
export async function fragmentationBench(options: FragmentationOptions): Promise<FragmentationFigures> {
  const cluster = await readCluster(options.nodes);
  const timer = new DecisionTimer();
  const lists: ListFigures[] = [];
  for (const file of options.tasks) {
    const tasks = await readTasks(file);
    const name = basename(file, '.csv');
    const percents = new Map<PolicyName, number[]>();
    for (const seed of options.seeds) {
      const work = workload(tasks, cluster.gpuMilli, seed);
      for (const policy of options.policies) {
        const placer = PLACERS[policy](cluster, work, seed);
        const run = (onArrival?: () => void): number => allocationPercent(work, cluster.gpuMilli, placer, onArrival);
        const percent = policy === 'ostro' ? timer.time(run) : run();
        percents.set(policy, [...(percents.get(policy) ?? []), percent]);
        process.stderr.write(`${name} seed ${seed} ${policy} ${percent.toFixed(2)} %\n`);
      }
    }
    lists.push({ name, policies: Object.fromEntries([...percents].map(([policy, all]) => [policy, figureOf(all)])) });
  }
  return { lists, decisionsPerCpuSecond: timer.perCpuSecond() };
}

class DecisionTimer {
  #decisions = 0;
  #cpuMicros = 0;

  time(run: (onArrival: () => void) => number): number {
    const { result, cpuMicros } = measureCpu(() =>
      run(() => {
        this.#decisions += 1;
      }),
    );
    this.#cpuMicros += cpuMicros;
    return result;
  }

  perCpuSecond(): number | null {
    return this.#decisions === 0 ? null : Math.round((this.#decisions * 1e6) / this.#cpuMicros);
  }
}

function figureOf(percents: readonly number[]): Figure {
  const middle = mean(percents);
  const squares = percents.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  const sd = percents.length < 2 ? 0 : Math.sqrt(squares / (percents.length - 1));
  return { meanPercent: rounded(middle), sdPercent: rounded(sd), seeds: percents.length };
}

function rounded(percent: number): number {
  return Math.round(percent * 1000) / 1000;
}
