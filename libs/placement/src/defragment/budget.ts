import { DomainError } from '@ostro/kernel';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';

/** How much may be disturbed. A replica that moves loads its weights again and loses its KV cache. */
export interface DefragmentationBudget {
  /** Moves at most. */
  readonly moves: number;
  /** The same as a share of all replicas that run, in thousandths: 20 is 2 %. The smaller of the two holds. */
  readonly shareMilli: number;
  /**
   * What a move must at least gain, in thousandths of an accelerator (see `Valuation.worthOf`). Below it a move is not worth the
   * cold start it costs. Room for a waiting request is made whatever it gains.
   */
  readonly leastGainMilli: number;
}

const MAX_MOVES = 1_000_000;
const MAX_GAIN_MILLI = 1_000_000;

/**
 * The number of moves that both limits allow.
 * @throws DomainError INVALID_ARGUMENT (INVALID_DEFRAGMENTATION_BUDGET) naming the field.
 */
export function movesAllowed(budget: DefragmentationBudget, snapshot: ClusterSnapshot): number {
  checkWhole('moves', budget.moves, MAX_MOVES);
  checkWhole('shareMilli', budget.shareMilli, 1000);
  checkWhole('leastGainMilli', budget.leastGainMilli, MAX_GAIN_MILLI);
  let running = 0;
  for (const { replicas } of snapshot.nodes) running += replicas.length;
  return Math.min(budget.moves, Math.floor((running * budget.shareMilli) / 1000));
}

function checkWhole(field: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_DEFRAGMENTATION_BUDGET',
    `${field} must be a whole number from 0 to ${max}, not ${value}`,
    { details: { field } },
  );
}
