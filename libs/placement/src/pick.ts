import { DomainError } from '@ostro/kernel';
import { compareIds } from './amounts.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { RankedCandidate } from './decision.ts';
import type { WeightedScorer } from './profile.ts';
import type { PlacementRequest } from './request.ts';
import type { Candidate } from './stages.ts';

interface Scored {
  readonly candidate: Candidate;
  readonly total: number;
}

/**
 * The best candidates in order, at most `limit`: highest weighted sum, ties by a hash of seed and node id (so that
 * equal nodes are not all taken from the front), then by node id and accelerator id. A total order: the answer does
 * not depend on the order of the candidates.
 */
export function pick(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  candidates: readonly Candidate[],
  scorers: readonly WeightedScorer[],
  { seed, limit }: { readonly seed: number; readonly limit: number },
): readonly RankedCandidate[] {
  const prepared = scorers.map(({ scorer, weight }) => ({
    name: scorer.name,
    weight,
    score: scorer.prepare(request, snapshot, candidates),
  }));
  const best: Scored[] = [];
  for (const candidate of candidates) {
    let total = 0;
    for (const { name, weight, score } of prepared) total += weight * inRange(name, score(candidate));
    keepBest(best, { candidate, total }, seed, limit);
  }
  return best.map(({ candidate, total }) => ({
    nodeId: candidate.node.nodeId,
    acceleratorIds: candidate.accelerators.map(({ acceleratorId }) => acceleratorId),
    total,
    scores: prepared.map(({ name, weight, score }) => ({ scorer: name, weight, score: score(candidate) })),
  }));
}

/** Insertion into a short sorted list: one comparison for all but the few that belong in it. */
function keepBest(best: Scored[], scored: Scored, seed: number, limit: number): void {
  const last = best.at(-1);
  if (best.length === limit && last !== undefined && compare(scored, last, seed) > 0) return;
  let at = best.length;
  while (at > 0 && compare(scored, best[at - 1]!, seed) < 0) at -= 1;
  best.splice(at, 0, scored);
  if (best.length > limit) best.pop();
}

function compare(a: Scored, b: Scored, seed: number): number {
  if (a.total !== b.total) return b.total - a.total;
  const [left, right] = [a.candidate, b.candidate];
  if (left.node.nodeId === right.node.nodeId) {
    return compareIds(left.accelerators[0]!.acceleratorId, right.accelerators[0]!.acceleratorId);
  }
  return (
    seededRank(seed, left.node.nodeId) - seededRank(seed, right.node.nodeId) ||
    compareIds(left.node.nodeId, right.node.nodeId)
  );
}

/** FNV-1a over the text, started from the seed, with murmur3's finish so that near seeds order ids differently. */
function seededRank(seed: number, text: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function inRange(scorer: string, score: number): number {
  if (Number.isInteger(score) && score >= 0 && score <= 1000) return score;
  throw new DomainError(
    'INTERNAL',
    'SCORE_OUT_OF_RANGE',
    `scorer ${scorer} answered ${score}; a score is a whole number from 0 to 1000`,
    { details: { scorer } },
  );
}
