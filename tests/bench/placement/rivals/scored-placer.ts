import type { OpenbTask } from '@ostro/traces';
import type { Placer } from '../allocation.ts';
import type { Kind, RivalCluster } from './rival-cluster.ts';

/** How good a node is, and which of its GPUs a share would take. */
export interface Choice {
  readonly score: number;
  readonly gpu: number;
}

/** Looks at one node alone, so that its answer holds until the node changes. */
export type Score = (node: number, kind: Kind) => Choice;

interface Remembered {
  readonly version: Int32Array;
  readonly score: Float64Array;
  readonly gpu: Int32Array;
}

/** Takes the node with the highest score; among equals the first in file order, as the published runs did. */
export class ScoredPlacer implements Placer {
  readonly #cluster: RivalCluster;
  readonly #score: Score;
  readonly #byKind: Remembered[] = [];

  constructor(cluster: RivalCluster, score: Score) {
    this.#cluster = cluster;
    this.#score = score;
  }

  place(task: OpenbTask): boolean {
    const cluster = this.#cluster;
    const kind = cluster.kindOf(task);
    const known = (this.#byKind[kind.at] ??= nothingKnown(cluster.size));
    let best = -1;
    for (let node = 0; node < cluster.size; node += 1) {
      if (!cluster.fits(node, kind)) continue;
      if (known.version[node] !== cluster.version[node]) this.#remember(known, node, kind);
      if (best < 0 || known.score[node]! > known.score[best]!) best = node;
    }
    if (best < 0) return false;
    cluster.take(best, kind, known.gpu[best]!);
    return true;
  }

  #remember({ version, score, gpu }: Remembered, node: number, kind: Kind): void {
    const choice = this.#score(node, kind);
    version[node] = this.#cluster.version[node]!;
    score[node] = choice.score;
    gpu[node] = choice.gpu;
  }
}

function nothingKnown(size: number): Remembered {
  return { version: new Int32Array(size).fill(-1), score: new Float64Array(size), gpu: new Int32Array(size) };
}
