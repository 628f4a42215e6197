import { DomainError } from '@ostro/kernel';
import { candidatesOn } from './candidates.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { type Decision, ENGINE_VERSION, type Explanation } from './decision.ts';
import { pick } from './pick.ts';
import type { Profile } from './profile.ts';
import { checkRequest, type PlacementRequest } from './request.ts';
import { type Candidate, type Filter, walk } from './stages.ts';
import { nearestOf, reasonsOf } from './unschedulable.ts';

/** How many candidates a decision remembers. */
const REMEMBERED = 20;

/**
 * Decides where a replica runs: filters say where it can, scorers where it is best, one picker takes the best. The same
 * arguments give the same answer on every machine. Nothing is reserved: `apply` the answer, or write it.
 * @throws DomainError INVALID_ARGUMENT for a request or seed that makes no sense; a request that fits nowhere is an answer.
 */
export function place(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile, seed: number): Decision {
  checkRequest(request);
  checkSeed(seed);
  const { candidates, refusedBy } = filtered(request, snapshot, profile.filters);
  const ranked = pick(request, snapshot, candidates, profile.scorers, { seed, limit: REMEMBERED });
  const explanation: Explanation = {
    engineVersion: ENGINE_VERSION,
    profileName: profile.name,
    profileDigestInput: profile.digestInput,
    seed,
    snapshotGeneration: `${snapshot.generation.epoch}.${snapshot.generation.generation}`,
    nodesConsidered: snapshot.nodes.length,
    rejectionCounts: profile.filters
      .map(({ name }, stage) => ({ filter: name, count: refusedBy[stage]! }))
      .filter(({ count }) => count > 0),
    candidates: ranked,
  };
  const [best] = ranked;
  if (best !== undefined) {
    const { nodeId, acceleratorIds } = best;
    return { kind: 'placement', request, nodeId, acceleratorIds, explanation };
  }
  const reasons = reasonsOf(request, snapshot, profile.filters);
  const nearest = nearestOf(reasons);
  return {
    kind: 'unschedulable',
    request,
    reasons: reasons.map(({ rejection }) => rejection),
    ...(nearest === undefined ? {} : { nearest }),
    explanation,
  };
}

function filtered(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  filters: readonly Filter[],
): { readonly candidates: readonly Candidate[]; readonly refusedBy: readonly number[] } {
  const candidates: Candidate[] = [];
  const refusedBy = filters.map(() => 0);
  for (const node of snapshot.nodes) {
    const walked = walk(request, node, filters);
    if (walked.passed) candidates.push(...candidatesOn(node, request, walked.accelerators));
    else refusedBy[walked.stage]! += 1;
  }
  return { candidates, refusedBy };
}

function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_SEED', `seed must be a whole number below 2^32, not ${seed}`, {
    details: { field: 'seed' },
  });
}
