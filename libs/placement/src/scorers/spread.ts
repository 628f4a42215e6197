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
  prepare: ({ deploymentId, antiAffinity }, snapshot) => {
    if (antiAffinity === 'none') return () => 1000;
    const inSite = new Map<string, number>();
    for (const node of snapshot.nodes) {
      const replicas = replicasOf(deploymentId, node);
      if (replicas > 0) inSite.set(node.siteId, (inSite.get(node.siteId) ?? 0) + replicas);
    }
    return ({ node }) => half(replicasOf(deploymentId, node)) + half(inSite.get(node.siteId) ?? 0);
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
