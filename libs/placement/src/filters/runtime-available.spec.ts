import { aNode, aRequest } from '../../test/builders.ts';
import { runtimeAvailable } from './runtime-available.ts';

describe('runtime-available', () => {
  it.each([
    { runtime: 'llama-cpp', runtimes: ['llama-cpp', 'simulated'], fits: true },
    { runtime: 'vllm', runtimes: ['llama-cpp', 'simulated'], fits: false },
    { runtime: 'vllm', runtimes: [], fits: false },
    { runtime: undefined, runtimes: ['simulated'], fits: true },
    { runtime: 'vllm', runtimes: undefined, fits: true },
  ])('$runtime on a node with $runtimes: $fits', ({ runtime, runtimes, fits }) => {
    const node = aNode({ ...(runtimes && { runtimes }) });
    const kept = runtimeAvailable.keep(aRequest({ ...(runtime && { runtime }) }), node, node.accelerators);
    expect(kept).toEqual(fits ? node.accelerators : []);
  });

  it('says what the node can start and what is needed', () => {
    const node = aNode({ runtimes: ['simulated'] });
    const { text } = runtimeAvailable.refusal(aRequest({ runtime: 'vllm' }), node, node.accelerators);
    expect(text()).toBe(`node ${node.nodeId} can start simulated, vllm needed`);
  });
});
