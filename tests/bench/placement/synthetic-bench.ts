import {
  apply,
  ClusterSnapshot,
  DEFAULT_PROFILE,
  type NodeSnapshot,
  place,
  type Placement,
  type PlacementRequest,
  release,
} from '@ostro/placement';
import { measureCpu } from '../cpu-time.ts';
import { emptyNode } from '../empty-node.ts';

/** A cluster of equal nodes, and how much of its accelerator memory is taken while decisions are timed. */
export interface SyntheticInput {
  readonly nodes: number;
  readonly gpus: number;
  /** From 0 to 1. */
  readonly fill: number;
  /** Different request shapes in turn: what an index has to keep up with. */
  readonly deployments: number;
  readonly decisions: number;
}

export interface SyntheticFigures extends SyntheticInput {
  /** Reached before timing began; whole groups stop fitting before the last share does. */
  readonly filled: number;
  readonly refusedShare: number;
  /** Decided, explained and carried out; releasing another replica for each, so that the fill stays, is not counted. */
  readonly decisionsPerCpuSecond: number;
}

const GIB = 2 ** 30;
const GPU_BYTES = 80 * GIB;
const SITES = 10;
const COUNTRIES = ['FR', 'DE', 'NL'];
/** Group size and memory of each rank, of models from 8B on a share of a GPU to 405B on a node. */
const SIZES = [
  [1, 20],
  [1, 40],
  [1, 10],
  [1, 75],
  [2, 70],
  [1, 30],
  [1, 16],
  [4, 76],
  [1, 24],
  [8, 72],
] as const;
/** Decisions timed together: asking for the CPU time takes some itself. */
const BATCH = 20;
const REFUSALS_THAT_MEAN_FULL = 200;

/**
 * Decisions per CPU second with every filter on and the explanation built: requests of many shapes in turn, each one
 * applied, so that every decision has to take in what all others changed.
 */
export function syntheticBench(input: SyntheticInput): SyntheticFigures {
  const cluster = new Cluster(input);
  cluster.fillUp();
  cluster.step(2 * input.deployments);
  const filled = cluster.filled;
  const { refused, cpuMicroseconds } = cluster.step(input.decisions);
  return {
    ...input,
    filled: Number(filled.toFixed(3)),
    refusedShare: Number((refused / input.decisions).toFixed(3)),
    decisionsPerCpuSecond: Math.round((input.decisions * 1e6) / cpuMicroseconds),
  };
}

class Cluster {
  #snapshot: ClusterSnapshot;
  readonly #input: SyntheticInput;
  readonly #running: Placement[] = [];
  #takenBytes = 0;
  #asked = 0;
  #released = 0;

  constructor(input: SyntheticInput) {
    this.#input = input;
    const nodes = Array.from({ length: input.nodes }, (_, at) => nodeOf(at, input.gpus));
    this.#snapshot = ClusterSnapshot.of({ generation: { epoch: 1n, generation: 1n }, nodes });
  }

  get filled(): number {
    return this.#takenBytes / (this.#input.nodes * this.#input.gpus * GPU_BYTES);
  }

  fillUp(): void {
    for (let refused = 0; this.filled < this.#input.fill && refused < REFUSALS_THAT_MEAN_FULL;) {
      refused = this.#place() ? 0 : refused + 1;
    }
  }

  step(decisions: number): { readonly refused: number; readonly cpuMicroseconds: number } {
    let [refused, cpuMicroseconds] = [0, 0];
    for (let left = decisions; left > 0; left -= BATCH) {
      const batch = Math.min(left, BATCH);
      const { result: placed, cpuMicros } = measureCpu(() => this.#placeMany(batch));
      cpuMicroseconds += cpuMicros;
      refused += batch - placed;
      if (this.#input.fill > 0) for (let at = 0; at < placed; at += 1) this.#release();
    }
    return { refused, cpuMicroseconds };
  }

  #placeMany(asked: number): number {
    let placed = 0;
    for (let at = 0; at < asked; at += 1) if (this.#place()) placed += 1;
    return placed;
  }

  #place(): boolean {
    this.#asked += 1;
    const seed = Math.imul(this.#asked, 2654435761) >>> 0;
    const decision = place(requestOf(this.#asked, this.#input.deployments), this.#snapshot, DEFAULT_PROFILE, seed);
    if (decision.kind === 'unschedulable') return false;
    this.#snapshot = apply(this.#snapshot, decision);
    this.#running.push(decision);
    this.#takenBytes += bytesOf(decision.request);
    return true;
  }

  /** One that has run for some time, from anywhere. */
  #release(): void {
    this.#released += 1;
    const at = (this.#released * 48271) % this.#running.length;
    const gone = this.#running[at]!;
    this.#running[at] = this.#running.at(-1)!;
    this.#running.pop();
    this.#snapshot = release(this.#snapshot, gone.nodeId, gone.request.replicaId);
    this.#takenBytes -= bytesOf(gone.request);
  }
}

function nodeOf(at: number, gpus: number): NodeSnapshot {
  return emptyNode(
    {
      nodeId: `nod_${String(at).padStart(7, '0')}`,
      siteId: `site-${at % SITES}`,
      country: COUNTRIES[(at % SITES) % COUNTRIES.length]!,
      operator: 'ostro',
      cpuMilli: 192_000,
      hostMemoryBytes: 2048 * GIB,
    },
    { model: 'H100-80GB', count: gpus, memoryBytes: GPU_BYTES, computeCapability: '9.0' },
    {
      certifications: ['ISO-27001'],
      cachedModelDigests: { vram: [], hostRam: [], disk: [`sha256:${at % 50}`, `sha256:${(at * 7 + 3) % 50}`] },
      pricePerHourMilliEuro: 20_000 + (at % 5) * 1000,
      runtimes: ['vllm'],
    },
  );
}

function requestOf(at: number, deployments: number): PlacementRequest {
  const deployment = (at * 7919) % deployments;
  const [count, gib] = SIZES[deployment % SIZES.length]!;
  return {
    replicaId: `rep_${at}`,
    organizationId: `org_${deployment % 20}`,
    deploymentId: `dep_${deployment}`,
    modelDigest: `sha256:${deployment % 50}`,
    accelerator: { models: ['H100-80GB'], count, memoryBytesEach: gib * GIB, exclusive: count > 1 },
    cpuMilli: 2000 * count,
    hostMemoryBytes: 8 * count * GIB,
    residency: { countries: deployment % 2 === 0 ? [] : ['FR', 'DE'], operators: [], certifications: ['ISO-27001'] },
    tolerations: [],
    antiAffinity: 'spread',
    runtime: 'vllm',
    minComputeCapability: '8.9',
  };
}

function bytesOf({ accelerator: { count, memoryBytesEach, exclusive } }: PlacementRequest): number {
  return count * (exclusive ? GPU_BYTES : memoryBytesEach);
}
