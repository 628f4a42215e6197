import { taken } from '../cluster/apply.ts';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import type { NodeSnapshot } from '../cluster/node.ts';
import { released } from '../cluster/release.ts';
import type { Member } from '../decision.ts';
import type { Valuation } from '../fragmentation/valuation.ts';
import type { Profile } from '../profile.ts';
import { rankingOf } from '../rankings.ts';
import { shapeKey } from '../request.ts';
import { type Movable, type Move, movableOn, moveOf } from './move.ts';

export interface GainfulMove {
  readonly move: Move;
  readonly gainMilli: number;
}

/** A replica and what its leaving adds to the worth of its node. */
interface Leaving {
  readonly movable: Movable;
  readonly shape: string;
  readonly gained: number;
}

/** Of each shape of request, nodes in the order of the profile. */
const PLACES_TRIED = 8;

/** A place for any replica of one shape, and what its coming takes of the worth there. */
interface Arrival {
  readonly to: Member;
  readonly lost: number;
}

/**
 * The single move that gains most, at least `leastGainMilli`; ties to the first in order of nodes and replicas. Every
 * replica is asked what its leaving is worth, and every shape of request only once where it would go: what is the same
 * for `place` is the same here. Of the best places by the profile, which also knows caches and sites, the one that loses least.
 */
export function bestMove(
  cluster: ClusterSnapshot,
  leastGainMilli: number,
  how: { readonly profile: Profile; readonly seed: number },
): GainfulMove | undefined {
  const arrivals = new Map<string, readonly Arrival[]>();
  let best: GainfulMove | undefined;
  for (const node of cluster.nodes) {
    for (const { movable, shape, gained } of leavingsOf(node, cluster.valuation)) {
      let known = arrivals.get(shape);
      if (known === undefined) arrivals.set(shape, (known = arrivalsOf(movable, cluster, how)));
      const arrival = known.find(({ to }) => to.nodeId !== node.nodeId);
      if (arrival === undefined) continue;
      const gainMilli = gained - arrival.lost;
      const isBetter = best === undefined ? gainMilli >= leastGainMilli : gainMilli > best.gainMilli;
      if (isBetter) best = { move: moveOf(movable, arrival.to), gainMilli };
    }
  }
  return best;
}

function arrivalsOf(
  { request }: Movable,
  cluster: ClusterSnapshot,
  { profile, seed }: { readonly profile: Profile; readonly seed: number },
): readonly Arrival[] {
  return rankingOf(request, cluster, profile)
    .best({ seed, limit: PLACES_TRIED })
    .map((to) => {
      const before = cluster.node(to.nodeId)!;
      return { to, lost: cluster.valuation.worthOf(before) - cluster.valuation.worthOf(taken(before, request, to)) };
    })
    .sort((a, b) => a.lost - b.lost);
}

/** Node states never change, so what was found for one is kept for as long as the state and the valuation live. */
const leavings = new WeakMap<Valuation, WeakMap<NodeSnapshot, readonly Leaving[]>>();

function leavingsOf(node: NodeSnapshot, valuation: Valuation): readonly Leaving[] {
  let ofValuation = leavings.get(valuation);
  if (ofValuation === undefined) leavings.set(valuation, (ofValuation = new WeakMap()));
  let found = ofValuation.get(node);
  if (found === undefined) {
    const before = valuation.worthOf(node);
    found = movableOn(node).map((movable) => ({
      movable,
      shape: shapeKey(movable.request),
      gained: valuation.worthOf(released(node, movable.replicaId)) - before,
    }));
    ofValuation.set(node, found);
  }
  return found;
}
