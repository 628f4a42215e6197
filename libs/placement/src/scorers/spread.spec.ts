import { aCluster, aNode, aRequest, deploymentId, nodeId, replicaId } from '../../test/builders.ts';
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
    { name: 'the node that has two of them', node: crowded, expected: 166 + 166 },
    { name: 'another node of that site', node: sameSite, expected: 500 + 166 },
    { name: 'a site that has only other deployments', node: elsewhere, expected: 1000 },
  ])('gives $name $expected', ({ node, expected }) => {
    const score = spread.prepare(aRequest({ antiAffinity: 'spread' }), cluster, []);
    expect(score({ node, accelerators: [] })).toBe(expected);
  });

  it('is indifferent when it was not asked for', () => {
    const score = spread.prepare(aRequest({ antiAffinity: 'none' }), cluster, []);
    expect([crowded, sameSite, elsewhere].map((node) => score({ node, accelerators: [] }))).toEqual([1000, 1000, 1000]);
  });
});
