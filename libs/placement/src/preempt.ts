import type { Appraisal } from './appraisal.ts';
import { compareIds } from './amounts.ts';
import { islandsOf } from './candidates.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { AcceleratorSnapshot, Holding, NodeSnapshot, ReplicaOnNode } from './cluster/node.ts';
import { withoutReplicas } from './cluster/release.ts';
import type { Explanation, Placement, Victim } from './decision.ts';
import type { Ranking } from './ranking.ts';
import type { PlacementRequest } from './request.ts';

/** A replica that may be stopped for the request. */
interface Evictable extends ReplicaOnNode {
  readonly holding: Holding;
}

/** What one node would give up. */
interface Sacrifice {
  readonly node: NodeSnapshot;
  readonly victims: readonly Evictable[];
  /** The highest among the victims. */
  readonly priority: number;
  readonly loss: number;
}

/**
 * Makes room for a request that fits nowhere, by replicas of strictly lower priority on one node. Of all nodes the one
 * whose most important victim is least important, then with fewest victims, then with the least loss, then the first in
 * order. Every filter still decides, so residency and isolation hold, and no victim is there in vain: with any of them
 * back, the request would not fit on that node (a smaller set of others is not ruled out). Members of gangs are left alone, because a gang would fall as a whole.
 * Looks at every node; for the rare decision, not for each. Undefined where even that makes no room.
 */
export function preempt(
  request: PlacementRequest,
  snapshot: ClusterSnapshot,
  { appraisal }: Ranking,
  explanation: Explanation,
): Placement | undefined {
  let best: Sacrifice | undefined;
  for (const node of snapshot.nodes) {
    const sacrifice = sacrificeOf(node, request.priority ?? 0, appraisal, best);
    if (sacrifice !== undefined && (best === undefined || compare(sacrifice, best) < 0)) best = sacrifice;
  }
  if (best === undefined) return undefined;
  const { node, victims } = best;
  const { accelerators } = appraisal.bestOn(withoutReplicas(node, victims));
  const acceleratorIds = accelerators.map(({ acceleratorId }) => acceleratorId);
  const listed = victims.map((victim) => listedAs(node, victim)).sort(byPriorityAndId);
  return { kind: 'placement', request, nodeId: node.nodeId, acceleratorIds, victims: listed, explanation };
}

function sacrificeOf(
  node: NodeSnapshot,
  priority: number,
  appraisal: Appraisal,
  best: Sacrifice | undefined,
): Sacrifice | undefined {
  const lower = node.replicas.filter(isEvictable).filter(({ holding }) => holding.priority < priority);
  // The least important that make room: those up to a priority, and that as low as can be.
  const levels = [...new Set(lower.map(({ holding }) => holding.priority))].sort((a, b) => a - b);
  for (const level of levels) {
    const evictable = lower.filter(({ holding }) => holding.priority <= level);
    const atLeast = { node, victims: evictable.slice(0, 1), priority: level, loss: Math.min(...evictable.map(lossOf)) };
    if (best !== undefined && compare(atLeast, best) >= 0) return undefined;
    const emptied = withoutReplicas(node, evictable);
    if (appraisal.valueOf(emptied) < 0) continue;
    return groupsOn(emptied, evictable, appraisal)
      .map((group) => neededFor(group, node, evictable, appraisal))
      .map((victims) => ({
        node,
        victims,
        priority: level,
        loss: victims.reduce((sum, each) => sum + lossOf(each), 0),
      }))
      .reduce((a, b) => (compare(b, a) < 0 ? b : a));
  }
  return undefined;
}

/** The accelerators worth freeing: each alone, or of each island those with the fewest replicas on them. */
function groupsOn(
  emptied: NodeSnapshot,
  evictable: readonly Evictable[],
  appraisal: Appraisal,
): readonly (readonly string[])[] {
  const { count } = appraisal.request.accelerator;
  if (count === 0) return [[]];
  const cost = ({ acceleratorId }: AcceleratorSnapshot): number =>
    evictable.filter(({ holding }) => holding.acceleratorIds.includes(acceleratorId)).length;
  const passed = appraisal.acceleratorsOn(emptied);
  const islands = count === 1 ? passed.map((each) => [each]) : islandsOf(passed);
  return islands
    .filter((island) => island.length >= count)
    .map((island) => [...island].sort((a, b) => cost(a) - cost(b) || compareIds(a.acceleratorId, b.acceleratorId)))
    .map((island) => island.slice(0, count).map(({ acceleratorId }) => acceleratorId));
}

/** Spares one after another, those that free the group least first, for as long as the request still fits. */
function neededFor(
  group: readonly string[],
  node: NodeSnapshot,
  evictable: readonly Evictable[],
  appraisal: Appraisal,
): readonly Evictable[] {
  const freed = ({ holding: { acceleratorIds, takenBytes } }: Evictable): number =>
    acceleratorIds.reduce((sum, id, at) => sum + (group.includes(id) ? takenBytes[at]! : 0), 0);
  const spared = [...evictable].sort(
    (a, b) =>
      freed(a) - freed(b) ||
      b.holding.priority - a.holding.priority ||
      a.holding.cpuMilli - b.holding.cpuMilli ||
      lossOf(b) - lossOf(a) ||
      compareIds(a.replicaId, b.replicaId),
  );
  let victims: readonly Evictable[] = spared;
  for (const each of spared) {
    const fewer = victims.filter((victim) => victim !== each);
    if (appraisal.valueOf(withoutReplicas(node, fewer)) >= 0) victims = fewer;
  }
  return victims;
}

function compare(a: Sacrifice, b: Sacrifice): number {
  return a.priority - b.priority || a.victims.length - b.victims.length || a.loss - b.loss;
}

function isEvictable(replica: ReplicaOnNode): replica is Evictable {
  return replica.holding !== undefined && replica.holding.request?.gang === undefined;
}

function lossOf({ holding: { evictionLoss = 0 } }: Evictable): number {
  return evictionLoss;
}

function listedAs({ nodeId }: NodeSnapshot, { replicaId, holding: { priority } }: Evictable): Victim {
  return { nodeId, replicaId, priority };
}

function byPriorityAndId(a: Victim, b: Victim): number {
  return a.priority - b.priority || compareIds(a.replicaId, b.replicaId);
}
