import type { RoutingView } from './routing-view.ts';

/**
 * The best `limit` slots, in order: open ones first, then full, then avoided ones; within those the highest total; ties
 * by id. Nearly all of a thousand slots are passed over at the first comparison.
 */
export function rank(
  slots: readonly number[],
  totals: Int32Array,
  view: RoutingView,
  limit: number,
): readonly number[] {
  const { behind, idOrder } = view;
  const best: number[] = [];
  const keys: number[] = [];
  for (let each = 0; each < slots.length; each += 1) {
    const slot = slots[each]!;
    const key = totals[slot]! - behind[slot]!;
    let at = best.length;
    while (at > 0 && (keys[at - 1]! < key || (keys[at - 1] === key && idOrder[best[at - 1]!]! > idOrder[slot]!)))
      at -= 1;
    if (at === limit) continue;
    best.splice(at, 0, slot);
    keys.splice(at, 0, key);
    if (best.length <= limit) continue;
    best.pop();
    keys.pop();
  }
  return best;
}
