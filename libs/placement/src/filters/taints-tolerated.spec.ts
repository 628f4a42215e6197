import { aNode, aRequest } from '../../test/builders.ts';
import { taintsTolerated } from './taints-tolerated.ts';

describe('taints-tolerated', () => {
  const node = aNode({ taints: [{ key: 'team', value: 'research' }] });

  it.each([
    { tolerations: [], fits: false },
    { tolerations: [{ key: 'team' }], fits: true },
    { tolerations: [{ key: 'team', value: 'research' }], fits: true },
    { tolerations: [{ key: 'team', value: 'sales' }], fits: false },
    { tolerations: [{ key: 'other' }], fits: false },
  ])('$tolerations: $fits', ({ tolerations, fits }) => {
    const kept = taintsTolerated.keep(aRequest({ tolerations }), node, node.accelerators);
    expect(kept).toEqual(fits ? node.accelerators : []);
  });

  it('wants every taint tolerated and names those that are not', () => {
    const twice = aNode({ taints: [...node.taints, { key: 'spot', value: 'true' }] });
    const request = aRequest({ tolerations: [{ key: 'team' }] });
    expect(taintsTolerated.keep(request, twice, twice.accelerators)).toEqual([]);
    expect(taintsTolerated.refusal(request, twice, twice.accelerators).text()).toMatch(/has spot=true, which is not/);
  });
});
