import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { NodeSnapshot } from './cluster/node.ts';
import type { Nearest, Rejection } from './decision.ts';
import type { PlacementRequest } from './request.ts';
import { type Filter, type Refusal, walk } from './stages.ts';

const NAMED_NODES = 5;

interface Refused {
  readonly node: NodeSnapshot;
  readonly refusal: Refusal;
}

/** The refusals of one filter together with the node that lacks least. */
export interface Reason {
  readonly rejection: Rejection;
  readonly nearest: Refused;
}

/**
 * Why no node fits, in the order of the filters. A second pass over the nodes, so that the numbers and words of a
 * refusal cost nothing while something fits.
 */
export function reasonsOf(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  filters: readonly Filter[],
): readonly Reason[] {
  const byFilter: Refused[][] = filters.map(() => []);
  for (const node of snapshot.nodes) {
    const walked = walk(request, node, filters);
    if (walked.passed) continue;
    const refusal = filters[walked.stage]!.refusal(request, node, walked.accelerators);
    byFilter[walked.stage]!.push({ node, refusal });
  }
  return byFilter.flatMap((refused, stage) => (refused.length === 0 ? [] : [reasonOf(filters[stage]!, refused)]));
}

/** The node that the latest filter refused and that lacks least: where a small change would make room. */
export function nearestOf(reasons: readonly Reason[]): Nearest | undefined {
  const last = reasons.at(-1);
  if (last === undefined) return undefined;
  const { node, refusal } = last.nearest;
  return { nodeId: node.nodeId, filter: last.rejection.filter, text: refusal.text };
}

function reasonOf(filter: Filter, refused: readonly Refused[]): Reason {
  const nearest = refused.reduce((best, each) => (each.refusal.missing < best.refusal.missing ? each : best));
  return {
    nearest,
    rejection: {
      filter: filter.name,
      count: refused.length,
      nodes: refused.slice(0, NAMED_NODES).map(({ node }) => node.nodeId),
      example: nearest.refusal.text,
    },
  };
}
