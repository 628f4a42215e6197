import { accelerators, anAccelerator, aNode, asking } from '../../test/builders.ts';
import { acceleratorCountInOneIsland } from './accelerator-count-in-one-island.ts';

describe('accelerator-count-in-one-island', () => {
  const pair = accelerators(2, { island: 'a' });
  const single = anAccelerator({ acceleratorId: 'GPU-2', island: 'b' });
  const node = aNode();

  it('keeps islands with enough for the whole group and drops the others', () => {
    expect(acceleratorCountInOneIsland.keep(asking({ count: 2 }), node, [...pair, single])).toEqual(pair);
  });

  it('never adds up islands, models, or accelerators without an island', () => {
    const request = asking({ count: 2 });
    const otherModel = [pair[0]!, anAccelerator({ acceleratorId: 'GPU-9', island: 'a', model: 'H100-94GB' })];
    const alone = [0, 1].map((at) => ({
      ...anAccelerator({ acceleratorId: `GPU-${at}` }),
      island: undefined as never,
    }));
    for (const each of [[pair[0]!, single], otherModel, alone]) {
      expect(acceleratorCountInOneIsland.keep(request, node, each)).toEqual([]);
    }
  });

  it('has nothing against a single accelerator', () => {
    expect(acceleratorCountInOneIsland.keep(asking({ count: 1 }), node, [single])).toEqual([single]);
  });

  it('says how many the best island has', () => {
    const { text, missing } = acceleratorCountInOneIsland.refusal(asking({ count: 4 }), node, [single, ...pair]);
    expect(text()).toMatch(/has 2 x H100-80GB that fits in its best island, 4 needed$/);
    expect(missing).toBe(2);
  });
});
