import { DomainError } from '@ostro/kernel';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { type Decision, ENGINE_VERSION, type Explanation, type RankedCandidate } from './decision.ts';
import type { Profile } from './profile.ts';
import type { Ranking } from './ranking.ts';
import { rankingOf } from './rankings.ts';
import { checkRequest, type PlacementRequest } from './request.ts';
import { unschedulable } from './unschedulable.ts';

/** How many nodes a decision remembers. */
const REMEMBERED = 20;

/**
 * Decides where a replica runs: filters say where it can, scorers where it is best, the best total wins. The same
 * arguments give the same answer on every machine. Nothing is reserved: `apply` the answer, or write it.
 * @throws DomainError INVALID_ARGUMENT for a request or seed that makes no sense; a request that fits nowhere is an answer.
 */
export function place(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile, seed: number): Decision {
  checkRequest(request);
  checkSeed(seed);
  const ranking = rankingOf(request, snapshot, profile);
  const candidates = ranking.best({ seed, limit: REMEMBERED });
  const explanation = explanationOf(ranking, snapshot, { seed, candidates });
  const [best] = candidates;
  if (best === undefined) return unschedulable(request, snapshot, ranking, explanation);
  return { kind: 'placement', request, nodeId: best.nodeId, acceleratorIds: best.acceleratorIds, explanation };
}

function explanationOf(
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

function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_SEED', `seed must be a whole number below 2^32, not ${seed}`, {
    details: { field: 'seed' },
  });
}
