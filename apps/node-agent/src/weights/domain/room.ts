/** A model revision in the cache. */
export interface CachedRevision {
  readonly digest: string;
  readonly bytes: bigint;
  readonly lastUsedMs: number;
  readonly isPinned: boolean;
}

export interface Disk {
  readonly freeBytes: bigint;
  readonly totalBytes: bigint;
  /** Promised to pulls under way and not written yet. */
  readonly reservedBytes: bigint;
}

export type Room =
  { readonly fits: true; readonly evict: readonly string[] } | { readonly fits: false; readonly missingBytes: bigint };

/** This part (1/20) of the disk stays free whatever happens. */
const KEEP_FREE_PART = 20n;

/** Which revisions go so that `neededBytes` fit: those unused for longest, never a pinned one, none in vain. */
export function makeRoom(neededBytes: bigint, disk: Disk, cached: readonly CachedRevision[]): Room {
  const usable = disk.freeBytes - disk.reservedBytes - disk.totalBytes / KEEP_FREE_PART;
  let missingBytes = neededBytes - usable;
  const evict: string[] = [];
  const candidates = cached
    .filter(({ isPinned }) => !isPinned)
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs || (a.digest < b.digest ? -1 : 1));
  for (const { digest, bytes } of candidates) {
    if (missingBytes <= 0n) break;
    evict.push(digest);
    missingBytes -= bytes;
  }
  return missingBytes <= 0n ? { fits: true, evict } : { fits: false, missingBytes };
}
