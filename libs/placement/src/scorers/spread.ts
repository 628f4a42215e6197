import type { Id } from '@ostro/kernel';
import type { NodeSnapshot } from '../cluster/node.ts';
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
  site: {
    prepare: ({ deploymentId, antiAffinity }) =>
      antiAffinity === 'none' ? undefined : (node) => replicasOf(deploymentId, node),
    score: half,
  },
};

function half(replicas: number): number {
  return Math.floor(500 / (1 + replicas));
}

function replicasOf(deploymentId: Id<'dep'>, node: NodeSnapshot): number {
  let count = 0;
  for (const replica of node.replicas) if (replica.deploymentId === deploymentId) count += 1;
  return count;
}
