import { SeededRandom } from '@ostro/kernel';
import type { OpenbTask } from '@ostro/traces';
import type { Placer } from '../allocation.ts';
import type { Kind, RivalCluster } from './rival-cluster.ts';

/** Any node that fits, and any of its GPUs that does. */
export class RandomPlacer implements Placer {
  readonly #cluster: RivalCluster;
  readonly #random: SeededRandom;

  constructor(cluster: RivalCluster, seed: number) {
    this.#cluster = cluster;
    this.#random = new SeededRandom(seed);
  }

  place(task: OpenbTask): boolean {
    const cluster = this.#cluster;
    const kind = cluster.kindOf(task);
    const fitting = [];
    for (let node = 0; node < cluster.size; node += 1) if (cluster.fits(node, kind)) fitting.push(node);
    if (fitting.length === 0) return false;
    const node = fitting[this.#random.below(fitting.length)]!;
    cluster.take(node, kind, this.#gpu(node, kind));
    return true;
  }

  #gpu(node: number, { gpus, gpuMilli }: Kind): number {
    const start = node * this.#cluster.stride;
    const fitting = [];
    for (let gpu = 0; gpu < this.#cluster.gpus[node]!; gpu += 1) {
      if (this.#cluster.free[start + gpu]! >= gpuMilli) fitting.push(gpu);
    }
    return gpus === 0 ? 0 : fitting[this.#random.below(fitting.length)]!;
  }
}
