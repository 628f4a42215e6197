import fc from 'fast-check';
import { NONE, PairTable } from './pair-table.ts';

describe('a table of pairs', () => {
  it('finds what is there and nothing else, through growth and removals', () => {
    const pair = fc.tuple(fc.constantFrom(0, 1, 2 ** 32 - 1), fc.integer({ min: 0, max: 3_000 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 2_500, maxLength: 4_000 }), fc.array(pair), (added, removed) => {
        let size = 0;
        const table = new PairTable((entries) => (size = entries));
        const entries = new Map<string, number>();
        for (const [first, second] of added) {
          if (!entries.has(`${first} ${second}`)) entries.set(`${first} ${second}`, table.add(first, second));
        }
        for (const [first, second] of removed) {
          const entry = entries.get(`${first} ${second}`);
          if (entry !== undefined) table.remove(entry);
          entries.delete(`${first} ${second}`);
        }
        expect(new Set(entries.values()).size).toBe(entries.size);
        expect(Math.max(...entries.values())).toBeLessThan(size);
        for (const [first, second] of [...added, ...removed]) {
          expect(table.find(first, second)).toBe(entries.get(`${first} ${second}`) ?? NONE);
        }
      }),
      { numRuns: 10 },
    );
  });
});
