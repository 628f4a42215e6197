import type { AcceleratorSnapshot, NodeSnapshot, ReplicaOnNode } from './node.ts';

/** One node that became another. */
export interface Change {
  readonly position: number;
  /** Replicas came or went, and nothing else. */
  readonly isFixedAlike: boolean;
  /** Whose number of replicas on the node may be another; mostly one. */
  readonly deploymentIds: readonly string[];
  /** When the same position changed before; -1 for never. */
  readonly previous: number;
}

/**
 * What changed along one line of snapshots, so that whoever knows one of them finds what is different in another without
 * comparing all nodes. A snapshot that is changed a second time begins a line of its own. Keeps the last `2 x kept`
 * changes at most.
 */
export class History {
  #changes: Change[] = [];
  /** Number of the first change that is still kept. */
  #from = 0;
  readonly #latest = new Map<number, number>();

  constructor(private readonly kept: number) {}

  /** Number of changes so far: the version of the newest snapshot of this line. */
  get length(): number {
    return this.#from + this.#changes.length;
  }

  /** The line with one more change, which was made to the snapshot of this version. */
  after(version: number, position: number, before: NodeSnapshot, after: NodeSnapshot): History {
    if (version !== this.length) return new History(this.kept).after(0, position, before, after);
    const previous = this.#latest.get(position) ?? -1;
    const deploymentIds = changedDeployments(before.replicas, after.replicas);
    this.#changes.push({ position, previous, deploymentIds, isFixedAlike: isFixedAlike(before, after) });
    this.#latest.set(position, version);
    if (this.#changes.length > 2 * this.kept) {
      this.#changes = this.#changes.slice(this.kept);
      this.#from += this.kept;
    }
    return this;
  }

  /** What changed between two versions; undefined when that is no longer known. */
  between(a: number, b: number): { readonly from: number; readonly changes: readonly Change[] } | undefined {
    const from = Math.min(a, b);
    if (from < this.#from) return undefined;
    return { from, changes: this.#changes.slice(from - this.#from, Math.max(a, b) - this.#from) };
  }
}

function changedDeployments(before: readonly ReplicaOnNode[], after: readonly ReplicaOnNode[]): readonly string[] {
  const [left, came] = [new Set(before), new Set<ReplicaOnNode>()];
  for (const replica of after) if (!left.delete(replica)) came.add(replica);
  return [...left, ...came].map(({ deploymentId }) => deploymentId);
}

/** Whether two states of a node differ at most in what replicas take: what is free, who holds it, what is cached. */
function isFixedAlike(a: NodeSnapshot, b: NodeSnapshot): boolean {
  return (
    FIXED.every((field) => a[field] === b[field]) &&
    a.accelerators.length === b.accelerators.length &&
    a.accelerators.every((accelerator, at) => isSameDevice(accelerator, b.accelerators[at]!))
  );
}

const FIXED = [
  'country',
  'operator',
  'certifications',
  'labels',
  'taints',
  'state',
  'driverVersion',
  'runtimes',
] as const;
const FIXED_OF_DEVICE = ['acceleratorId', 'model', 'memoryBytes', 'computeCapability', 'island', 'healthy'] as const;

function isSameDevice(a: AcceleratorSnapshot, b: AcceleratorSnapshot): boolean {
  if (a === b) return true;
  const [left, right] = [a.migSlices, b.migSlices];
  return (
    FIXED_OF_DEVICE.every((field) => a[field] === b[field]) &&
    left?.length === right?.length &&
    (left ?? []).every(({ sliceId, profile }, at) => sliceId === right![at]!.sliceId && profile === right![at]!.profile)
  );
}
