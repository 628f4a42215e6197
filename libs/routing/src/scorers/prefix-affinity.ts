import type { Scorer } from '../stages.ts';

/**
 * Prefers replicas that hold the request's prompt in their prefix cache.
 *
 *     score = 1000 x tokens of the leading blocks believed there / input tokens; 0 where only common blocks are
 *
 * Common are leading blocks that more than one request in n carries (n = replicas that may serve it): a system prompt.
 * Every replica soon holds those, and following them would send more than a replica's share of all requests to one.
 * Source: prefix-aware scorers of llm-d and SGLang's router; the exception is what keeps them from collapsing on a
 * prompt that all requests share (measured in the README).
 */
export const prefixAffinity: Scorer = {
  name: 'prefix-affinity',
  add: ({ blocks, inputTokens }, view, slots, totals, weight) => {
    for (const { slot, blocks: held } of view.index.matches(blocks, slots.length)) {
      totals[slot]! +=
        weight * Math.floor((1000 * Math.min(held * view.blockTokens, inputTokens)) / Math.max(1, inputTokens));
    }
  },
};
