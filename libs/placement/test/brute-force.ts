import { candidatesOn } from '../src/candidates.ts';
import type { ClusterSnapshot } from '../src/cluster/cluster-snapshot.ts';
import { type AcceleratorSnapshot, type NodeSnapshot, replicasOf } from '../src/cluster/node.ts';
import { ENGINE_VERSION } from '../src/decision.ts';
import type { PlacementRequest, Profile, RankedCandidate } from '../src/index.ts';
import { walk } from '../src/stages.ts';

/**
 * What `place` must answer, by judging every node anew and sorting all of them: no index, no block, nothing remembered.
 * Its words for what would have fitted are `place`'s own business.
 */
export function bruteForce(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  profile: Profile,
  seed: number,
): object {
  const start = Math.floor((scattered(seed) * snapshot.nodes.length) / 2 ** 32);
  const judged = snapshot.nodes.map((node, position) => ({
    node,
    order: (position - start + snapshot.nodes.length) % snapshot.nodes.length,
    walked: walk(request, node, profile.filters),
  }));
  const siblings = new Map<string, number>();
  for (const node of snapshot.nodes) {
    siblings.set(node.siteId, (siblings.get(node.siteId) ?? 0) + replicasOf(request.deploymentId, node));
  }
  const scorers = profile.scorers.map(({ scorer, weight }) => ({
    name: scorer.name,
    weight,
    score: scorer.prepare(request, snapshot.context),
    bySite: scorer.prepareSite?.(request),
  }));
  const bestOn = (node: NodeSnapshot, accelerators: readonly AcceleratorSnapshot[]): RankedCandidate => {
    const [best] = candidatesOn(node, request, accelerators)
      .map((candidate) => {
        const scores = scorers.map(({ name, weight, score, bySite }) => ({
          scorer: name,
          weight,
          score: score(candidate) + (bySite?.(siblings.get(node.siteId)!) ?? 0),
        }));
        const total = scores.reduce((sum, { weight, score }) => sum + weight * score, 0);
        const acceleratorIds = candidate.accelerators.map(({ acceleratorId }) => acceleratorId);
        return { nodeId: node.nodeId, acceleratorIds, total, scores };
      })
      .sort((a, b) => b.total - a.total);
    return best!;
  };
  const ranked = judged
    .filter(({ walked }) => walked.passed)
    .map(({ node, order, walked }) => ({ order, best: bestOn(node, walked.accelerators) }))
    .sort((a, b) => b.best.total - a.best.total || a.order - b.order)
    .map(({ best }) => best);
  const refused = profile.filters.map((filter, stage) => ({
    filter,
    nodes: judged.flatMap(({ node, walked }) => (!walked.passed && walked.stage === stage ? [{ node, walked }] : [])),
  }));
  const explanation = {
    engineVersion: ENGINE_VERSION,
    profileName: profile.name,
    profileDigestInput: profile.digestInput,
    seed,
    snapshotGeneration: `${snapshot.generation.epoch}.${snapshot.generation.generation}`,
    nodesConsidered: snapshot.nodes.length,
    rejectionCounts: refused.flatMap(({ filter, nodes }) =>
      nodes.length === 0 ? [] : [{ filter: filter.name, count: nodes.length }],
    ),
    candidates: ranked.slice(0, 20),
  };
  const [best] = ranked;
  if (best !== undefined) {
    return { kind: 'placement', request, nodeId: best.nodeId, acceleratorIds: best.acceleratorIds, explanation };
  }
  const reasons = refused.flatMap(({ filter, nodes }) => {
    if (nodes.length === 0) return [];
    const refusals = nodes.map(({ node, walked }) => filter.refusal(request, node, walked.accelerators));
    const least = refusals.reduce((a, b) => (b.missing < a.missing ? b : a));
    const at = refusals.indexOf(least);
    return [
      {
        rejection: {
          filter: filter.name,
          count: nodes.length,
          nodes: nodes.slice(0, 5).map(({ node }) => node.nodeId),
          example: least.text(),
        },
        nearest: { nodeId: nodes[at]!.node.nodeId, filter: filter.name, text: least.text() },
      },
    ];
  });
  const nearest = reasons.at(-1)?.nearest;
  return {
    kind: 'unschedulable',
    request,
    reasons: reasons.map(({ rejection }) => rejection),
    ...(nearest && { nearest }),
    explanation,
  };
}

/** murmur3's finish, written out once more. */
function scattered(seed: number): number {
  let hash = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
