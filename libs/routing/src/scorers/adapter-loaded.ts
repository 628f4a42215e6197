import { adapterBlock } from '../belief/sticky.ts';
import type { Scorer } from '../stages.ts';

/**
 * Prefers replicas that have the request's LoRA weights loaded, by their report or because requests for them were sent
 * there since: loading weights takes longer than most prefills and drops those of somebody else.
 *
 *     score = 1000 where they are loaded, 0 elsewhere
 */
export const adapterLoaded: Scorer = {
  name: 'adapter-loaded',
  add: (request, view, slots, totals, weight) => {
    const { adapter } = request;
    if (adapter === undefined) return;
    const sentTo = new Set(view.index.matches(adapterBlock(request), slots.length).map(({ slot }) => slot));
    for (const slot of slots) {
      if (sentTo.has(slot) || view.replicas[slot]!.adapters.includes(adapter)) totals[slot]! += weight * 1000;
    }
  },
};
