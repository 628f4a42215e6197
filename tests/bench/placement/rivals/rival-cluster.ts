import type { OpenbTask } from '@ostro/traces';
import type { Cluster } from '../openb.ts';

/** A task as the rivals see it: equal tasks are one kind. */
export interface Kind {
  readonly at: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly gpuMilli: number;
  /** By model; undefined = any. */
  readonly allowed: Uint8Array | undefined;
}

/** What is free on every node, in flat arrays. */
export class RivalCluster {
  readonly size: number;
  readonly cpuMilli: Float64Array;
  readonly memoryMib: Float64Array;
  readonly gpus: Int32Array;
  /** Free milli of the GPUs of node n: from n x stride on. */
  readonly free: Int32Array;
  readonly stride: number;
  /** Of all GPUs of a node. */
  readonly freeMilli: Int32Array;
  /** How often a node has changed. */
  readonly version: Int32Array;
  readonly #model: Int32Array;
  readonly #models: readonly string[];
  readonly #kinds = new Map<string, Kind>();

  constructor({ nodes }: Cluster) {
    this.size = nodes.length;
    this.#models = [...new Set(nodes.map(({ model }) => model ?? ''))];
    this.#model = Int32Array.from(nodes, ({ model }) => this.#models.indexOf(model ?? ''));
    this.cpuMilli = Float64Array.from(nodes, ({ cpuMilli }) => cpuMilli);
    this.memoryMib = Float64Array.from(nodes, ({ memoryMib }) => memoryMib);
    this.gpus = Int32Array.from(nodes, ({ gpus }) => gpus);
    this.freeMilli = Int32Array.from(nodes, ({ gpus }) => 1000 * gpus);
    this.version = new Int32Array(this.size);
    this.stride = Math.max(...this.gpus);
    this.free = new Int32Array(this.size * this.stride);
    nodes.forEach(({ gpus }, node) => this.free.fill(1000, node * this.stride, node * this.stride + gpus));
  }

  kindOf({ cpuMilli, memoryMib, gpus, gpuMilli, models }: OpenbTask): Kind {
    const key = `${cpuMilli} ${memoryMib} ${gpus} ${gpuMilli} ${models.join('|')}`;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const allowed =
        models.length === 0 ? undefined : Uint8Array.from(this.#models, (model) => Number(models.includes(model)));
      kind = { at: this.#kinds.size, cpuMilli, memoryMib, gpus, gpuMilli, allowed };
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  allows(node: number, { allowed }: Kind): boolean {
    return allowed === undefined || allowed[this.#model[node]!] === 1;
  }

  fits(node: number, kind: Kind): boolean {
    if (this.cpuMilli[node]! < kind.cpuMilli || this.memoryMib[node]! < kind.memoryMib) return false;
    return kind.gpus === 0 || (this.allows(node, kind) && this.#fittingGpus(node, kind.gpuMilli) >= kind.gpus);
  }

  /** Takes what the task asks for: the share on the GPU given, or the first free GPUs whole. */
  take(node: number, { cpuMilli, memoryMib, gpus, gpuMilli }: Kind, gpu: number): void {
    this.cpuMilli[node]! -= cpuMilli;
    this.memoryMib[node]! -= memoryMib;
    this.freeMilli[node]! -= gpus * gpuMilli;
    this.version[node]! += 1;
    if (gpuMilli < 1000) {
      if (gpus > 0) this.free[node * this.stride + gpu]! -= gpuMilli;
      return;
    }
    const end = node * this.stride + this.gpus[node]!;
    for (let at = node * this.stride, left = gpus; at < end && left > 0; at += 1) {
      if (this.free[at] !== 1000) continue;
      this.free[at] = 0;
      left -= 1;
    }
  }

  /** The fullest GPU of the node that the share fits on, the first of equals. */
  tightestGpu(node: number, gpuMilli: number): number {
    const start = node * this.stride;
    let tightest = -1;
    for (let gpu = 0; gpu < this.gpus[node]!; gpu += 1) {
      const free = this.free[start + gpu]!;
      if (free >= gpuMilli && (tightest < 0 || free < this.free[start + tightest]!)) tightest = gpu;
    }
    return tightest;
  }

  #fittingGpus(node: number, gpuMilli: number): number {
    const start = node * this.stride;
    let fitting = 0;
    for (let at = start; at < start + this.gpus[node]!; at += 1) if (this.free[at]! >= gpuMilli) fitting += 1;
    return fitting;
  }
}
