import type { Id } from '@ostro/kernel';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import { ENGINE_VERSION } from '../decision.ts';
import type { Profile } from '../profile.ts';
import { checkRequest, checkSeed, type PlacementRequest } from '../request.ts';
import { type DefragmentationBudget, movesAllowed } from './budget.ts';
import { bestMove } from './best-move.ts';
import { type Admitted, makeRoom } from './make-room.ts';
import { carryOut, type Move } from './move.ts';

/** Moves to carry out one after the other, and what they are good for. */
export interface DefragmentationPlan {
  /** Each fits when those before it are done, its source still held. */
  readonly moves: readonly Move[];
  /** Waiting requests that fit after the moves, in the order in which they were given room. */
  readonly admitted: readonly Admitted[];
  readonly explanation: DefragmentationExplanation;
}

export interface DefragmentationExplanation {
  readonly engineVersion: string;
  readonly profileName: string;
  readonly profileDigestInput: string;
  readonly seed: number;
  readonly snapshotGeneration: string;
  /** What the budget came to in this cluster. */
  readonly movesAllowed: number;
  /** Of each move, in thousandths of an accelerator rounded down; absent where it makes room for `admits`. */
  readonly reasons: readonly { readonly gainMilli?: number; readonly admits?: Id<'rep'> }[];
}

/**
 * A bounded list of moves that makes more of the free capacity usable. First room for requests that wait, the most
 * accelerator memory first, where few enough replicas in their way have a place elsewhere; then, one after the other, the move
 * that gains most:
 *
 *     gain = worth(source without it) - worth(source) + worth(destination with it) - worth(destination)
 *
 * Intent: a replica placed when little was known stands where it strands CPU or leaves a hole nobody asks for; the worth of
 * a node is what the demand seen so far can make of it. Destinations are where `place` would put the replica now, so no
 * filter is ever violated. Source: greedy descent on the potential whose differences the placement itself follows (FGD
 * descends on its own fragmentation in the same way, for arrivals only). Plan often and early: near the end of the free
 * capacity nothing has a better place any more. Nothing is carried out here.
 * @throws DomainError INVALID_ARGUMENT for a budget, a request or a seed that makes no sense.
 */
export function plan(
  snapshot: ClusterSnapshot,
  waiting: readonly PlacementRequest[],
  budget: DefragmentationBudget,
  profile: Profile,
  seed: number,
): DefragmentationPlan {
  for (const request of waiting) checkRequest(request);
  checkSeed(seed);
  const allowed = movesAllowed(budget, snapshot);
  const room = makeRoom(snapshot, waiting, { moves: allowed, profile, seed });
  const moves = [...room.moves];
  const reasons: { gainMilli?: number; admits?: Id<'rep'> }[] = room.moves.map((_, at) => ({
    admits: room.admits[at]!,
  }));
  let { cluster } = room;
  while (moves.length < allowed) {
    const best = bestMove(cluster, budget.leastGainMilli, { profile, seed });
    if (best === undefined) break;
    cluster = carryOut(cluster, best.move);
    moves.push(best.move);
    reasons.push({ gainMilli: Math.floor(best.gainMilli) });
  }
  const { epoch, generation } = snapshot.generation;
  return {
    moves,
    admitted: room.admitted,
    explanation: {
      engineVersion: ENGINE_VERSION,
      profileName: profile.name,
      profileDigestInput: profile.digestInput,
      seed,
      snapshotGeneration: `${epoch}.${generation}`,
      movesAllowed: allowed,
      reasons,
    },
  };
}
