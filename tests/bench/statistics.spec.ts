import { mean, median, percentile } from './statistics.ts';

describe('statistics of the benches', () => {
  it('take the middle of an even number of values between the two', () => {
    expect(median([4, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it.each([
    { share: 0.5, is: 5 },
    { share: 0.91, is: 10 },
    { share: 0.99, is: 10 },
    { share: 0, is: 1 },
  ])('have a percentile $share that is one of the values, by nearest rank', ({ share, is }) => {
    expect(percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share)).toBe(is);
  });

  it('are not a number of nothing, never zero', () => {
    expect([mean([]), median([]), percentile([], 0.5)]).toEqual([NaN, NaN, NaN]);
  });
});
