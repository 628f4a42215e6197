import { cores, neededGiB } from './amounts.ts';
import { islandsOf } from './candidates.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import { type NodeSnapshot, placeableAccelerators } from './cluster/node.ts';
import type { Explanation, Nearest, Rejection, Unschedulable } from './decision.ts';
import type { Profile } from './profile.ts';
import type { RefusedNodes, Ranking } from './ranking.ts';
import type { PlacementRequest, RequestShape } from './request.ts';
import { NONE } from './stages.ts';

/** Why no node fits, in the order of the filters, and what would have made one fit. */
export function unschedulable(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  ranking: Ranking,
  explanation: Explanation,
): Unschedulable {
  const refused = ranking.refusals();
  const reasons = refused.map((each) => rejectionOf(each, snapshot, ranking));
  const nearest = nearestOf(refused, snapshot, ranking);
  const wouldFit = `${wanted(request)}: ${distance(request, snapshot, ranking, nearest)}`;
  return { kind: 'unschedulable', request, reasons, wouldFit, ...(nearest && { nearest }), explanation };
}

function rejectionOf(
  { stage, count, first, nearest }: RefusedNodes,
  snapshot: ClusterSnapshot,
  { appraisal }: Ranking,
): Rejection {
  return {
    filter: appraisal.profile.filters[stage]!.name,
    count,
    nodes: first.map((position) => snapshot.nodeAt(position).nodeId),
    example: appraisal.refusalOf(snapshot.nodeAt(nearest)).text(),
  };
}

/** The node that the latest filter refused and that lacks least: where a small change would make room. */
function nearestOf(
  refused: readonly RefusedNodes[],
  snapshot: ClusterSnapshot,
  { appraisal }: Ranking,
): Nearest | undefined {
  const last = refused.at(-1);
  if (last === undefined) return undefined;
  const node = snapshot.nodeAt(last.nearest);
  const filter = appraisal.profile.filters[last.stage]!.name;
  return { nodeId: node.nodeId, filter, text: appraisal.refusalOf(node).text() };
}

/** "2 x H100-80GB with 40.0 GiB free in one island, 4 cores, 8.0 GiB of host memory, in FR" */
function wanted({ accelerator, cpuMilli, hostMemoryBytes, residency }: RequestShape): string {
  const { models, count, memoryBytesEach, exclusive } = accelerator;
  const each = `${count} x ${models.join(' or ') || 'any accelerator'} with ${neededGiB(memoryBytesEach)} free`;
  const places = [...residency.countries, ...residency.operators];
  return [
    ...(count === 0 ? [] : [`${each}${exclusive ? ' and unshared' : ''}${count > 1 ? ' in one island' : ''}`]),
    ...(cpuMilli === 0 ? [] : [cores(cpuMilli)]),
    ...(hostMemoryBytes === 0 ? [] : [`${neededGiB(hostMemoryBytes)} of host memory`]),
    ...(places.length === 0 ? [] : [`in ${places.join(' or ')}`]),
    ...(residency.certifications.length === 0 ? [] : [`certified for ${residency.certifications.join(', ')}`]),
  ].join(', ');
}

function distance(
  request: RequestShape,
  snapshot: ClusterSnapshot,
  { appraisal }: Ranking,
  nearest: Nearest | undefined,
): string {
  if (nearest === undefined) return 'the cluster has no nodes; enrol one';
  const { models, count } = request.accelerator;
  const { context } = snapshot;
  if (count > 0 && models.length > 0 && !models.some((model) => context.models.includes(model))) {
    return `no node has ${models.join(' or ')}; known here: ${context.models.join(', ') || 'no accelerator'}`;
  }
  const node = snapshot.node(nearest.nodeId)!;
  const has = count === 0 ? '' : ` with ${usable(request, node, appraisal.profile)}`;
  return `nearest is node ${node.nodeId}${has}, it ${nearest.text.replace(`node ${node.nodeId} `, '')}`;
}

/** Accelerators in the node's best island that would do, whatever is against the node as a whole. */
function usable(request: RequestShape, node: NodeSnapshot, { filters }: Profile): number {
  let accelerators = placeableAccelerators(node);
  for (const filter of filters.slice(0, -1)) {
    const kept = filter.keep(request, node, accelerators);
    if (kept !== NONE) accelerators = kept;
  }
  return Math.max(0, ...islandsOf(accelerators).map(({ length }) => length));
}
