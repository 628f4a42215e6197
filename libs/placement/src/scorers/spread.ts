import { replicasOf } from '../cluster/node.ts';
import type { Scorer } from '../stages.ts';

/**
 * Keeps replicas of one deployment apart, so that one node or one site takes down as few of them as possible.
 *
 *     score = 500 / (1 + replicas on the node) + 500 / (1 + replicas in the site)
 *
 * Intent: the first replica elsewhere counts most, the tenth hardly. Source: topology spreading as in Kubernetes, over two
 * levels and without a hard limit. 1000 for everyone when the request does not ask for it.
 */
export const spread: Scorer = {
  name: 'spread',
  prepare: ({ deploymentId, antiAffinity }) =>
    antiAffinity === 'none' ? () => 1000 : ({ node }) => half(replicasOf(deploymentId, node)),
  prepareSite: ({ antiAffinity }) => (antiAffinity === 'none' ? undefined : half),
};

function half(replicas: number): number {
  return Math.floor(500 / (1 + replicas));
}
