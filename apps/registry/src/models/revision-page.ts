import { type Page, takePage } from '@ostro/grpc-host';
import type { ModelRevision } from '../domain/revision.ts';

/** About 2 MB of chunk digests: gRPC takes messages of at most 4 MB, and one large model alone has 200 kB. */
const MAX_CHUNKS = 50_000;

export interface ListedRevision {
  readonly position: bigint;
  readonly revision: ModelRevision;
}

/** A page that fits into one answer: it may end before the size that was asked for, but never empty. */
export function takeRevisionPage(rows: readonly ListedRevision[], page: Page) {
  let chunks = 0;
  const tooFar = rows.findIndex(({ revision: { manifest } }) => {
    chunks += manifest.files.reduce((sum, { chunkSha256 }) => sum + chunkSha256.length, 0);
    return chunks > MAX_CHUNKS;
  });
  const size = tooFar === -1 ? page.size : Math.min(page.size, Math.max(1, tooFar));
  return takePage(rows, { ...page, size }, ({ position }) => [String(position)]);
}
