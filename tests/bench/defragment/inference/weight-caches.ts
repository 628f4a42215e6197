import type { NodeSnapshot } from '@ostro/placement';

const GB = 1e9;
/** What a node sets apart for weights of models that do not run: beside its accelerators' memory. */
const HOST_RAM_BYTES = 512 * GB;
const DISK_BYTES = 2_000 * GB;

/** Models by last use, the latest at the end; the least recently used leave when there are too many bytes. */
class Tier {
  readonly #bytes = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get digests(): readonly string[] {
    return [...this.#bytes.keys()];
  }

  touch(digest: string, bytes: number): void {
    this.#bytes.delete(digest);
    this.#bytes.set(digest, bytes);
    let total = 0;
    for (const each of this.#bytes.values()) total += each;
    for (const [oldest, each] of this.#bytes) {
      if (total <= this.#capacity) return;
      this.#bytes.delete(oldest);
      total -= each;
    }
  }
}

/** Where weights lie: on the disk and in the host RAM of each node a replica was started on, in VRAM while one runs. */
export class WeightCaches {
  readonly #disk = new Map<string, Tier>();
  readonly #hostRam = new Map<string, Tier>();

  /** The node's report after weights were read on it. */
  touched(node: NodeSnapshot, digest: string, bytes: number): NodeSnapshot {
    tierOf(this.#disk, node.nodeId, DISK_BYTES).touch(digest, bytes);
    tierOf(this.#hostRam, node.nodeId, HOST_RAM_BYTES).touch(digest, bytes);
    return this.reported(node);
  }

  reported(node: NodeSnapshot): NodeSnapshot {
    const running = node.replicas.flatMap(({ holding }) => holding?.request?.modelDigest ?? []);
    return {
      ...node,
      cachedModelDigests: {
        vram: [...new Set(running)],
        hostRam: tierOf(this.#hostRam, node.nodeId, HOST_RAM_BYTES).digests,
        disk: tierOf(this.#disk, node.nodeId, DISK_BYTES).digests,
      },
    };
  }
}

function tierOf(tiers: Map<string, Tier>, nodeId: string, capacity: number): Tier {
  let tier = tiers.get(nodeId);
  if (tier === undefined) tiers.set(nodeId, (tier = new Tier(capacity)));
  return tier;
}
