import { aCluster, aNode, aRequest, deploymentId, nodeId, replicaId } from '../../test/builders.ts';
import { replicasOf } from '../cluster/node.ts';
import { spread } from './spread.ts';

describe('spread', () => {
  const replicas = (deployment: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({
      replicaId: replicaId(`${deployment}-${at}`),
      deploymentId: deploymentId(deployment),
    }));
  const crowded = aNode({ nodeId: nodeId(1), siteId: 'par-1', replicas: replicas(1, 2) });
  const sameSite = aNode({ nodeId: nodeId(2), siteId: 'par-1' });
  const elsewhere = aNode({ nodeId: nodeId(3), siteId: 'fra-1', replicas: replicas(2, 5) });
  const cluster = aCluster(crowded, sameSite, elsewhere);

  it.each([
    { name: 'the node that has two of them', node: crowded, onNode: 166, inSite: 166 },
    { name: 'another node of that site', node: sameSite, onNode: 500, inSite: 166 },
    { name: 'a site that has only other deployments', node: elsewhere, onNode: 500, inSite: 500 },
  ])('gives $name $onNode and $inSite', ({ node, onNode, inSite }) => {
    const request = aRequest({ antiAffinity: 'spread' });
    expect(spread.prepare(request, cluster.context)({ node, accelerators: [] })).toBe(onNode);
    const siblings = cluster.nodes
      .filter(({ siteId }) => siteId === node.siteId)
      .reduce((sum, each) => sum + replicasOf(request.deploymentId, each), 0);
    expect(spread.prepareSite!(request)!(siblings)).toBe(inSite);
  });

  it('is indifferent when it was not asked for', () => {
    const request = aRequest({ antiAffinity: 'none' });
    const score = spread.prepare(request, cluster.context);
    expect([crowded, sameSite, elsewhere].map((node) => score({ node, accelerators: [] }))).toEqual([1000, 1000, 1000]);
    expect(spread.prepareSite!(request)).toBeUndefined();
  });
});
