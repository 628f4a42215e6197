import type { Scorer } from '../stages.ts';

/**
 * Prefers nodes that hold the model's weights already, because a cold start is mostly waiting for bytes.
 *
 *     score = 1000 in VRAM, 900 in host RAM, 600 on disk, 0 nowhere
 *
 * Intent: the share of a pull from far away that is saved. Source: order of published wake times (vLLM sleep levels: VRAM
 * and host RAM under a few seconds; local disk tens of seconds; a pull minutes); measured wake times replace the steps
 * once agents report them.
 */
export const weightsCached: Scorer = {
  name: 'weights-cached',
  prepare:
    ({ modelDigest }) =>
    ({ node: { cachedModelDigests } }) => {
      if (cachedModelDigests.vram.includes(modelDigest)) return 1000;
      if (cachedModelDigests.hostRam.includes(modelDigest)) return 900;
      return cachedModelDigests.disk.includes(modelDigest) ? 600 : 0;
    },
};
