import {
  apply,
  carryOut,
  type ClusterSnapshot,
  DemandEstimator,
  place,
  plan,
  type PlacementRequest,
  valuationOf,
} from '@ostro/placement';
import type { OpenbTask } from '@ostro/traces';
import type { Cluster } from '../placement/openb.ts';
import { asRequest, FRAGMENTATION_ALONE, OstroPlacer } from '../placement/ostro-placer.ts';
import { gpuMilliOf } from '../placement/workload.ts';

/** How often to plan, and how many replicas may move until all has arrived. */
export interface Defragmentation {
  /** The first plan is made when so much has arrived, in thousandths of the capacity, and then one at every step. */
  readonly fromMilli: number;
  readonly stepMilli: number;
  /** Of the replicas that run, in thousandths: of all plans together. */
  readonly shareMilli: number;
  readonly leastGainMilli: number;
}

export interface Ran {
  readonly arrived: readonly OpenbTask[];
  readonly kept: readonly OpenbTask[];
  readonly allocatedMilli: number;
  readonly moves: number;
}

/**
 * Tasks arrive one by one until as much has arrived as the cluster has GPUs; each is placed at once if it fits and else
 * refused, as FGD was published. With `defragmentation`, replicas are moved now and then, and what was refused takes the
 * room that this makes.
 */
export function run(cluster: Cluster, work: readonly OpenbTask[], defragmentation?: Defragmentation): Ran {
  const running = new RunningCluster(new OstroPlacer(cluster).snapshot);
  const arrived: OpenbTask[] = [];
  let arrivedMilli = 0;
  let planAt = defragmentation?.fromMilli ?? Infinity;
  for (const task of work) {
    if (arrivedMilli + gpuMilliOf(task) > cluster.gpuMilli) break;
    arrivedMilli += gpuMilliOf(task);
    arrived.push(task);
    running.arrive(asRequest(task, arrived.length), task);
    if (defragmentation === undefined || (1000 * arrivedMilli) / cluster.gpuMilli < planAt) continue;
    running.defragment(defragmentation);
    planAt += defragmentation.stepMilli;
  }
  if (defragmentation !== undefined) running.defragment(defragmentation);
  const { kept, moves } = running;
  return { arrived, kept, allocatedMilli: kept.reduce((sum, task) => sum + gpuMilliOf(task), 0), moves };
}

class RunningCluster {
  readonly kept: OpenbTask[] = [];
  moves = 0;
  readonly #demand = new DemandEstimator();
  readonly #waiting = new Map<PlacementRequest, OpenbTask>();
  #cluster: ClusterSnapshot;

  constructor(cluster: ClusterSnapshot) {
    this.#cluster = cluster;
  }

  arrive(request: PlacementRequest, task: OpenbTask): void {
    const mix = this.#demand.observe(request);
    if (mix !== undefined) this.#cluster = this.#cluster.withValuation(valuationOf(this.#cluster.nodes, mix));
    if (!this.#place(request, task)) this.#waiting.set(request, task);
  }

  defragment({ shareMilli, leastGainMilli }: Defragmentation): void {
    const left = Math.floor((this.kept.length * shareMilli) / 1000) - this.moves;
    if (left <= 0) return;
    const budget = { moves: left, shareMilli, leastGainMilli };
    const { moves } = plan(this.#cluster, [...this.#waiting.keys()], budget, FRAGMENTATION_ALONE, 0);
    this.#cluster = moves.reduce(carryOut, this.#cluster);
    this.moves += moves.length;
    const biggestFirst = [...this.#waiting].sort(([, a], [, b]) => gpuMilliOf(b) - gpuMilliOf(a));
    for (const [request, task] of biggestFirst) if (this.#place(request, task)) this.#waiting.delete(request);
  }

  #place(request: PlacementRequest, task: OpenbTask): boolean {
    const decision = place(request, this.#cluster, FRAGMENTATION_ALONE, 0);
    if (decision.kind === 'unschedulable') return false;
    this.#cluster = apply(this.#cluster, decision);
    this.kept.push(task);
    return true;
  }
}
