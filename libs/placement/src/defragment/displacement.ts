import { compareIds } from '../amounts.ts';
import { islandsOf } from '../candidates.ts';
import { taken } from '../cluster/apply.ts';
import type { AcceleratorSnapshot, NodeSnapshot } from '../cluster/node.ts';
import { released } from '../cluster/release.ts';
import type { Member } from '../decision.ts';
import type { PlacementRequest } from '../request.ts';
import { type Filter, walk } from '../stages.ts';
import { type Movable, movableOn } from './move.ts';

/** A place on a node that a request could have if some replicas left it. */
export interface Displacement {
  readonly member: Member;
  /** In the order in which they look for another place: the hardest first. */
  readonly displaced: readonly Movable[];
}

/**
 * The place on a node for which the fewest replicas must leave, if there is one. Takes all that may move off the node, puts
 * the request on the accelerators where least moves, and lets everyone back in whom the filters still let through, the
 * biggest first: who stays outside is in the way. So whatever a filter looks at (VRAM, CPU, islands, organizations), now or
 * in time to come, is looked at here.
 */
export function displacementOn(
  node: NodeSnapshot,
  request: PlacementRequest,
  filters: readonly Filter[],
): Displacement | undefined {
  const movable = [...movableOn(node)].sort(hardestFirst);
  const emptied = movable.reduce((rest, { replicaId }) => released(rest, replicaId), node);
  const walked = walk(request, emptied, filters);
  if (!walked.passed) return undefined;
  let fewest: Displacement | undefined;
  for (const chosen of choicesOf(walked.accelerators, request.accelerator.count, movable)) {
    const member = { nodeId: node.nodeId, acceleratorIds: chosen };
    const displaced = inTheWay(taken(emptied, request, member), movable, filters);
    if (fewest === undefined || displaced.length < fewest.displaced.length) fewest = { member, displaced };
  }
  return fewest;
}

function inTheWay(node: NodeSnapshot, movable: readonly Movable[], filters: readonly Filter[]): readonly Movable[] {
  let filled = node;
  return movable.filter(({ request, at }) => {
    const walked = walk(request, filled, filters);
    const open = walked.passed ? walked.accelerators.map(({ acceleratorId }) => acceleratorId) : [];
    const fits = walked.passed && at.acceleratorIds.every((id) => open.includes(id));
    if (fits) filled = taken(filled, request, at);
    return !fits;
  });
}

/** Each accelerator when one is wanted, those of each island that the fewest replicas hold when more are. */
function choicesOf(
  accelerators: readonly AcceleratorSnapshot[],
  count: number,
  movable: readonly Movable[],
): readonly (readonly string[])[] {
  if (count === 0) return [[]];
  const held = (id: string): number => movable.filter(({ at }) => at.acceleratorIds.includes(id)).length;
  const ids = (all: readonly AcceleratorSnapshot[]): string[] => all.map(({ acceleratorId }) => acceleratorId);
  if (count === 1) return ids(accelerators).map((id) => [id]);
  return islandsOf(accelerators)
    .filter((island) => island.length >= count)
    .map((island) =>
      ids(island)
        .sort((a, b) => held(a) - held(b) || compareIds(a, b))
        .slice(0, count)
        .sort(compareIds),
    );
}

function hardestFirst(a: Movable, b: Movable): number {
  return (
    bytesOf(b.request) - bytesOf(a.request) ||
    b.request.cpuMilli - a.request.cpuMilli ||
    compareIds(a.replicaId, b.replicaId)
  );
}

/** Accelerator memory a request asks for in all. */
export function bytesOf({ accelerator }: PlacementRequest): number {
  return accelerator.count * accelerator.memoryBytesEach;
}
