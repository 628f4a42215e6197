import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { ENGINE_VERSION, type Explanation, type RankedCandidate } from './decision.ts';
import type { Ranking } from './ranking.ts';

/** What a decision remembers of how it came about. */
export function explanationOf(
  { refusedBy, appraisal: { profile } }: Ranking,
  { generation: { epoch, generation }, layout }: ClusterSnapshot,
  { seed, candidates }: { readonly seed: number; readonly candidates: readonly RankedCandidate[] },
): Explanation {
  return {
    engineVersion: ENGINE_VERSION,
    profileName: profile.name,
    profileDigestInput: profile.digestInput,
    seed,
    snapshotGeneration: `${epoch}.${generation}`,
    nodesConsidered: layout.size,
    rejectionCounts: profile.filters
      .map(({ name }, stage) => ({ filter: name, count: refusedBy[stage]! }))
      .filter(({ count }) => count > 0),
    candidates,
  };
}
