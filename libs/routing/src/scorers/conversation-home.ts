import type { Scorer } from '../stages.ts';

/** Work ahead of the average replica beyond which a replica is nobody's home: about half of the longest prompts. */
const AHEAD_TOKENS = 50_000;

/**
 * Lets gateways that do not hear what the others have sent where agree nevertheless: a conversation has the same home
 * for all of them.
 *
 *     score = 1000 x hash(first block that is not common, replica id), in [0, 1); 0 where the work is more than 50,000
 *             tokens ahead of the average, and 0 everywhere for a prompt without such a block
 *
 * Source: rendezvous hashing (Thaler and Ravishankar 1998) with bounded loads (Mirrokni et al. 2018). It costs balance,
 * so that a gateway that is alone, or hears of the others, does better without it: weigh it 0 there.
 */
export const conversationHome: Scorer = {
  name: 'conversation-home',
  add: ({ blocks }, view, slots, totals, weight) => {
    const first = view.index.commonBlocks(blocks, slots.length);
    if (2 * first >= blocks.length) return;
    let work = 0;
    for (const slot of slots) work += view.work[slot]!;
    const most = work / slots.length + AHEAD_TOKENS;
    for (const slot of slots) {
      if (view.work[slot]! > most) continue;
      const hash = mixed(blocks[2 * first]!, blocks[2 * first + 1]!, view.idHashes[slot]!);
      totals[slot]! += weight * Math.floor((1000 * hash) / 2 ** 32);
    }
  },
};

/** Three words into one, by murmur3's rounds. */
function mixed(low: number, high: number, replica: number): number {
  let bits = replica;
  for (const word of [low, high]) {
    bits = Math.imul(bits ^ word, 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    bits ^= bits >>> 16;
  }
  return bits >>> 0;
}
