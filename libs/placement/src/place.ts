import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { Decision } from './decision.ts';
import { explanationOf } from './explanation.ts';
import { placeGang } from './gang.ts';
import { preempt } from './preempt.ts';
import type { Profile } from './profile.ts';
import { rankingOf } from './rankings.ts';
import { checkRequest, checkSeed, type PlacementRequest } from './request.ts';
import { unschedulable } from './unschedulable.ts';

/** How many nodes a decision remembers. */
const REMEMBERED = 20;

/**
 * Decides where a replica runs: filters say where it can, scorers where it is best, the best total wins. A gang gets all
 * its members or none. Where nothing fits, and only then, a request that may preempt names victims of lower priority. The
 * same arguments give the same answer on every machine. Nothing is reserved: `apply` the answer, or write it.
 * @throws DomainError INVALID_ARGUMENT for a request or seed that makes no sense; a request that fits nowhere is an answer.
 */
export function place(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile, seed: number): Decision {
  checkRequest(request);
  checkSeed(seed);
  if (request.gang !== undefined) return placeGang(request, snapshot, profile, { seed, limit: REMEMBERED });
  const ranking = rankingOf(request, snapshot, profile);
  const candidates = ranking.best({ seed, limit: REMEMBERED });
  const explanation = explanationOf(ranking, snapshot, { seed, candidates });
  const [best] = candidates;
  if (best === undefined) {
    const victims = request.mayPreempt ? preempt(request, snapshot, ranking, explanation) : undefined;
    return victims ?? unschedulable(request, snapshot, ranking, explanation);
  }
  return { kind: 'placement', request, nodeId: best.nodeId, acceleratorIds: best.acceleratorIds, explanation };
}
