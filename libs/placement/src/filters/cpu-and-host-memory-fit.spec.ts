import { aNode, aRequest, GIB } from '../../test/builders.ts';
import { cpuAndHostMemoryFit } from './cpu-and-host-memory-fit.ts';

describe('cpu-and-host-memory-fit', () => {
  const node = aNode({
    cpuMilli: { capacity: 8000, free: 1500 },
    hostMemoryBytes: { capacity: 64 * GIB, free: 3 * GIB },
  });

  it.each([
    { cpuMilli: 1500, hostMemoryBytes: 3 * GIB, fits: true },
    { cpuMilli: 1501, hostMemoryBytes: 3 * GIB, fits: false },
    { cpuMilli: 1500, hostMemoryBytes: 3 * GIB + 1, fits: false },
  ])('$cpuMilli milli and $hostMemoryBytes bytes: $fits', ({ fits, ...needed }) => {
    const kept = cpuAndHostMemoryFit.keep(aRequest(needed), node, node.accelerators);
    expect(kept).toEqual(fits ? node.accelerators : []);
  });

  it('says both amounts, and orders by what is missing most in proportion', () => {
    const refusal = cpuAndHostMemoryFit.refusal(aRequest({ cpuMilli: 2000, hostMemoryBytes: 4 * GIB }), node, []);
    expect(refusal.text()).toMatch(/has 1.5 cores and 3.0 GiB of host memory free, 2 cores and 4.0 GiB needed$/);
    expect(refusal.missing).toBe(250);
  });
});
