import type { OpenbTask } from '@ostro/traces';
import { gpuMilliOf } from './workload.ts';

/** Takes tasks one by one. */
export interface Placer {
  /** Places the task at once if any node fits; false drops it for good. */
  place(task: OpenbTask): boolean;
}

/** Called after each task. */
export type OnArrival = (task: OpenbTask, isPlaced: boolean, arrivedPercent: number) => void;

/** The bucket that is compared. */
const AT_PERCENT = 100;

/**
 * GPU allocation in percent when as much work has arrived as the cluster has GPUs, as FGD was published: after each task
 * arrived% is rounded, and the figure is the mean of alloc% over the tasks for which that is 100.
 */
export function allocationPercent(
  work: readonly OpenbTask[],
  capacityMilli: number,
  placer: Placer,
  onArrival?: OnArrival,
): number {
  let [arrived, allocated, sum, count] = [0, 0, 0, 0];
  for (const task of work) {
    arrived += gpuMilliOf(task);
    const isPlaced = placer.place(task);
    if (isPlaced) allocated += gpuMilliOf(task);
    const arrivedPercent = (100 * arrived) / capacityMilli;
    onArrival?.(task, isPlaced, arrivedPercent);
    const bucket = Math.round(arrivedPercent);
    if (bucket > AT_PERCENT) break;
    if (bucket < AT_PERCENT) continue;
    sum += (100 * allocated) / capacityMilli;
    count += 1;
  }
  return sum / count;
}
