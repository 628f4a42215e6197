import type { OpenbTask } from '@ostro/traces';
import type { Kind, RivalCluster } from './rival-cluster.ts';
import type { Choice, Score } from './scored-placer.ts';

/** Typical tasks that differ in cores alone. */
interface Group {
  readonly kind: Kind;
  readonly weight: number;
  readonly cpuMilli: readonly number[];
  readonly weights: readonly number[];
}

interface Weighted {
  readonly kind: Kind;
  weight: number;
}

/** Typical are the most frequent kinds that together make up so much of the work. */
const TYPICAL = 0.95;

/**
 * Fragmentation gradient descent (Weng et al., USENIX ATC'23) as its published runs compute it: the node whose expected
 * fragmentation grows least, 100 x sigmoid(fragmentation before - after, in GPUs) rounded down. Fragmentation is what the
 * typical tasks cannot use of a node's free GPUs. They are taken from the whole work, so unlike ours it looks ahead.
 */
export function fgd(cluster: RivalCluster, work: readonly OpenbTask[]): Score {
  const groups = groupsOf(typical(cluster, work));
  const before = new Float64Array(cluster.size);
  const seen = new Int32Array(cluster.size).fill(-1);
  const scratch = new Int32Array(cluster.stride);
  const now = (node: number): Int32Array =>
    cluster.free.subarray(node * cluster.stride, node * cluster.stride + cluster.gpus[node]!);

  return (node, kind) => {
    if (seen[node] !== cluster.version[node]) {
      before[node] = fragmentation(cluster, groups, node, now(node), cluster.cpuMilli[node]!);
      seen[node] = cluster.version[node]!;
    }
    const free = scratch.subarray(0, cluster.gpus[node]!);
    const cpuLeft = cluster.cpuMilli[node]! - kind.cpuMilli;
    let best: Choice = { score: -1, gpu: 0 };
    for (const gpu of choices(now(node), kind)) {
      free.set(now(node));
      takeFrom(free, kind, gpu);
      const grown = fragmentation(cluster, groups, node, free, cpuLeft) - before[node]!;
      const score = Math.floor(100 / (1 + Math.exp(grown / 1000)));
      if (score > best.score) best = { score, gpu };
    }
    return best;
  };
}

/** GPUs with equal holes would score the same: only the first is tried. */
function choices(free: Int32Array, { gpus, gpuMilli }: Kind): readonly number[] {
  if (gpus !== 1 || gpuMilli === 1000) return [0];
  const all: number[] = [];
  free.forEach((milli, gpu) => {
    if (milli >= gpuMilli && free.indexOf(milli) === gpu) all.push(gpu);
  });
  return all;
}

function takeFrom(free: Int32Array, { gpus, gpuMilli }: Kind, gpu: number): void {
  if (gpuMilli < 1000) {
    if (gpus > 0) free[gpu]! -= gpuMilli;
    return;
  }
  for (let at = 0, left = gpus; at < free.length && left > 0; at += 1) {
    if (free[at] !== 1000) continue;
    free[at] = 0;
    left -= 1;
  }
}

function fragmentation(
  cluster: RivalCluster,
  groups: readonly Group[],
  node: number,
  free: Int32Array,
  cpuMilli: number,
): number {
  let total = 0;
  for (const milli of free) total += milli;
  let fragmented = 0;
  for (const group of groups) {
    const tooSmall =
      group.kind.gpus === 0 || !cluster.allows(node, group.kind) ? total : tooSmallFor(group.kind, free, total);
    if (tooSmall === total) {
      fragmented += group.weight * total;
      continue;
    }
    for (let at = 0; at < group.weights.length; at += 1) {
      fragmented += group.weights[at]! * (group.cpuMilli[at]! <= cpuMilli ? tooSmall : total);
    }
  }
  return fragmented;
}

function tooSmallFor({ gpus, gpuMilli }: Kind, free: Int32Array, total: number): number {
  let [fitting, tooSmall] = [0, 0];
  for (const milli of free) {
    if (milli >= gpuMilli) fitting += 1;
    else tooSmall += milli;
  }
  return fitting >= gpus ? tooSmall : total;
}

/** Kinds without their memory, which FGD does not look at. */
function typical(cluster: RivalCluster, work: readonly OpenbTask[]): readonly Weighted[] {
  const counted = new Map<string, Weighted>();
  for (const task of work) {
    const kind = cluster.kindOf({ ...task, memoryMib: 0 });
    const key = String(kind.at);
    const known = counted.get(key);
    if (known === undefined) counted.set(key, { kind, weight: 1 });
    else known.weight += 1;
  }
  const all = [...counted.values()].sort((a, b) => b.weight - a.weight);
  let sum = 0;
  const kept = all.filter(({ weight }) => {
    const isTypical = sum < TYPICAL * work.length;
    if (isTypical) sum += weight;
    return isTypical;
  });
  return kept.map(({ kind, weight }) => ({ kind, weight: weight / sum }));
}

function groupsOf(tasks: readonly Weighted[]): readonly Group[] {
  const groups = new Map<string, Weighted[]>();
  for (const each of tasks) {
    const { gpus, gpuMilli, allowed } = each.kind;
    const key = `${gpus} ${gpuMilli} ${allowed?.join('') ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((all) => ({
    kind: all[0]!.kind,
    weight: all.reduce((sum, { weight }) => sum + weight, 0),
    cpuMilli: all.map(({ kind }) => kind.cpuMilli),
    weights: all.map(({ weight }) => weight),
  }));
}
