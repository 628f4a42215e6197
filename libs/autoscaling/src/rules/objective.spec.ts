import { forObjective } from './objective.ts';

describe('objective', () => {
  it.each([
    { name: 'none', ready: 4, measuredMs: 9_999, objectiveMs: undefined, expected: 0 },
    { name: 'met', ready: 4, measuredMs: 500, objectiveMs: 500, expected: 0 },
    { name: 'missed by a quarter', ready: 4, measuredMs: 625, objectiveMs: 500, expected: 5 },
    { name: 'missed by far: doubles at most', ready: 4, measuredMs: 60_000, objectiveMs: 500, expected: 8 },
    { name: 'no replica whose measure this could be', ready: 0, measuredMs: 900, objectiveMs: 500, expected: 0 },
  ])('$name', ({ ready, measuredMs, objectiveMs, expected }) => {
    expect(forObjective(ready, measuredMs, objectiveMs)).toBe(expected);
  });
});
