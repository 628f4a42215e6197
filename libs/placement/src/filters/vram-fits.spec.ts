import { anAccelerator, aNode, asking, GIB } from '../../test/builders.ts';
import { vramFits } from './vram-fits.ts';

describe('vram-fits', () => {
  const request = asking({ memoryBytesEach: 16 * GIB });
  const exact = anAccelerator({ acceleratorId: 'GPU-0', freeMemoryBytes: 16 * GIB });
  const short = anAccelerator({ acceleratorId: 'GPU-1', freeMemoryBytes: 16 * GIB - 1 });

  it('keeps accelerators with room, to the byte', () => {
    expect(vramFits.keep(request, aNode(), [exact, short])).toEqual([exact]);
  });

  it('says what is free on the best one, never rounded into a fit', () => {
    const worse = anAccelerator({ freeMemoryBytes: 6 * GIB });
    const refusal = vramFits.refusal(request, aNode(), [worse, short]);
    expect(refusal.text()).toMatch(/has 15.9 GiB free on its best H100-80GB, 16.0 GiB needed$/);
    expect(refusal.missing).toBe(1);
  });
});
