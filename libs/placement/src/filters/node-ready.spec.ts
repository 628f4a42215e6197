import { aNode, aRequest } from '../../test/builders.ts';
import { nodeReady } from './node-ready.ts';

describe('node-ready', () => {
  it('lets a ready node through', () => {
    const node = aNode({ state: 'ready' });
    expect(nodeReady.keep(aRequest(), node, node.accelerators)).toBe(node.accelerators);
  });

  it.each(['cordoned', 'draining', 'dead'] as const)('refuses a node that is %s and says so', (state) => {
    const node = aNode({ state });
    expect(nodeReady.keep(aRequest(), node, node.accelerators)).toEqual([]);
    expect(nodeReady.refusal(aRequest(), node, node.accelerators).text()).toBe(`node ${node.nodeId} is ${state}`);
  });
});
