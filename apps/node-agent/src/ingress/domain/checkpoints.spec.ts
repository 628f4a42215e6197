import fc from 'fast-check';
import { Checkpoints } from './checkpoints.ts';

describe('Checkpoints', () => {
  it('are bounded, ordered, evenly thinned, and never promise more than was passed on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (tokens) => {
        const checkpoints = new Checkpoints();
        for (let token = 1; token <= tokens; token++) checkpoints.add(token * 10, token);
        const kept = checkpoints.list();
        expect(kept.length).toBeLessThanOrEqual(4_096);
        expect(kept.at(-1)).toEqual({ bodyOffset: tokens * 10, outputTokens: tokens });
        const gaps = kept.slice(1).map(({ outputTokens }, at) => outputTokens - kept[at]!.outputTokens);
        expect(gaps.every((gap) => gap > 0)).toBe(true);
        expect(kept.every(({ bodyOffset, outputTokens }) => bodyOffset === outputTokens * 10)).toBe(true);
        // Delivered tokens of a cut anywhere are known to within twice the even share.
        expect(Math.max(0, ...gaps)).toBeLessThanOrEqual(Math.ceil(tokens / 1_024));
      }),
      { numRuns: 30 },
    );
  });

  it('say nothing while no token came', () => {
    const checkpoints = new Checkpoints();
    checkpoints.add(100, 0);
    checkpoints.add(200, 1);
    checkpoints.add(300, 1);
    expect(checkpoints.list()).toEqual([{ bodyOffset: 200, outputTokens: 1 }]);
  });
});
