import type { ClusterSnapshot, NodeSnapshot } from '@ostro/placement';

export type LoadTier = 'none' | 'disk' | 'hostRam';

interface Kept {
  readonly digest: string;
  readonly bytes: number;
}

/**
 * Where the weights of models lie on each node: on disk from the first start there, in host RAM after a stop that keeps
 * them, as far as its host RAM reaches (least recently kept leaves first). Placement sees it as cached digests.
 */
export class WeightTiers {
  readonly #hostRam = new Map<string, Kept[]>();

  /** The tier a start on this node loads from. */
  tierOf(node: NodeSnapshot, digest: string): LoadTier {
    if (node.cachedModelDigests.hostRam.includes(digest)) return 'hostRam';
    return node.cachedModelDigests.disk.includes(digest) ? 'disk' : 'none';
  }

  /** After a load: the weights are on disk, and no longer apart in host RAM. */
  loaded(snapshot: ClusterSnapshot, nodeId: string, digest: string): ClusterSnapshot {
    const node = snapshot.node(nodeId)!;
    const { vram, hostRam, disk } = node.cachedModelDigests;
    if (disk.includes(digest) && !hostRam.includes(digest)) return snapshot;
    this.#hostRam.set(
      nodeId,
      this.#kept(nodeId).filter((kept) => kept.digest !== digest),
    );
    const cached = { vram, hostRam: hostRam.filter((each) => each !== digest), disk: added(disk, digest) };
    return snapshot.withNode({ ...node, cachedModelDigests: cached });
  }

  /** After a stop that keeps the weights in host RAM. */
  slept(snapshot: ClusterSnapshot, nodeId: string, kept: Kept): ClusterSnapshot {
    const node = snapshot.node(nodeId)!;
    const all = [...this.#kept(nodeId).filter(({ digest }) => digest !== kept.digest), kept];
    let bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    while (bytes > node.hostMemoryBytes.capacity && all.length > 0) bytes -= all.shift()!.bytes;
    this.#hostRam.set(nodeId, all);
    const { vram, disk } = node.cachedModelDigests;
    const hostRam = all.map(({ digest }) => digest).sort();
    return snapshot.withNode({ ...node, cachedModelDigests: { vram, hostRam, disk } });
  }

  #kept(nodeId: string): Kept[] {
    return this.#hostRam.get(nodeId) ?? [];
  }
}

function added(digests: readonly string[], digest: string): readonly string[] {
  return digests.includes(digest) ? digests : [...digests, digest].sort();
}
