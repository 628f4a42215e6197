import { SeededRandom } from '@ostro/kernel';
import type { OpenbTask } from '@ostro/traces';

/** How much work arrives, in capacities of the cluster's GPUs. */
const INFLATION = 1.3;

/** Milli of all its GPUs together. */
export function gpuMilliOf({ gpus, gpuMilli }: OpenbTask): number {
  return gpus * gpuMilli;
}

/**
 * The work of one seed, as FGD was published: all tasks of the list, and tasks drawn from it uniformly with replacement
 * until they ask for more than 1.3 times the cluster's GPUs (or tasks taken out uniformly while they do already), in
 * uniformly random order.
 */
export function workload(tasks: readonly OpenbTask[], capacityMilli: number, seed: number): readonly OpenbTask[] {
  const random = new SeededRandom(seed);
  const work = [...tasks];
  const enough = INFLATION * capacityMilli;
  let asked = work.reduce((sum, task) => sum + gpuMilliOf(task), 0);
  if (asked > enough) {
    while (asked > enough) {
      const out = random.below(work.length);
      asked -= gpuMilliOf(work[out]!);
      work[out] = work.at(-1)!;
      work.pop();
    }
  } else {
    while (asked <= enough) {
      const drawn = tasks[random.below(tasks.length)]!;
      work.push(drawn);
      asked += gpuMilliOf(drawn);
    }
  }
  for (let at = work.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [work[at], work[other]] = [work[other]!, work[at]!];
  }
  return work;
}
