import { aCpu, anAccelerator, aNode, aRequest } from '../../test/builders.ts';
import { computeCapability } from './compute-capability.ts';

describe('compute-capability', () => {
  it.each([
    { has: '9.0', needed: '8.9', fits: true },
    { has: '8.9', needed: '8.9', fits: true },
    { has: '8.6', needed: '8.9', fits: false },
    { has: '10.0', needed: '9.0', fits: true },
    { has: '8.10', needed: '8.9', fits: true },
  ])('$has for $needed: $fits', ({ has, needed, fits }) => {
    const accelerator = anAccelerator({ computeCapability: has });
    const kept = computeCapability.keep(aRequest({ minComputeCapability: needed }), aNode(), [accelerator]);
    expect(kept).toEqual(fits ? [accelerator] : []);
  });

  it('refuses a device that reports none, unless none is asked for', () => {
    expect(computeCapability.keep(aRequest({ minComputeCapability: '0.0' }), aNode(), [aCpu()])).toEqual([]);
    expect(computeCapability.keep(aRequest(), aNode(), [aCpu()])).toEqual([aCpu()]);
  });

  it('names the best the node has', () => {
    const [old, older] = [anAccelerator({ computeCapability: '8.6', model: 'A10' }), aCpu()];
    const refusal = computeCapability.refusal(aRequest({ minComputeCapability: '8.9' }), aNode(), [older, old]);
    expect(refusal.text()).toMatch(/has compute capability 8.6 on its best A10, 8.9 needed$/);
  });
});
