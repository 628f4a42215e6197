import { packed, patternOf, WHOLE } from './knapsack.ts';

describe('packed', () => {
  const sizes = [160, 470, 810];

  it.each([
    { hole: 159, value: 0 },
    { hole: 160, value: 1 },
    { hole: 470, value: 5 },
    { hole: 630, value: 6 },
    { hole: 940, value: 10 },
    { hole: 1000, value: 10 },
  ])('fills $hole thousandths with shares worth $value', ({ hole, value }) => {
    expect(packed(sizes, [1, 5, 9]).value[hole]).toBe(value);
  });

  it('tells the best pattern of a whole accelerator', () => {
    expect(patternOf(packed(sizes, [1, 5, 9]), sizes)).toEqual([0, 2, 0]);
    expect(patternOf(packed(sizes, [1, 4, 9]), sizes)).toEqual([1, 0, 1]);
  });

  it('leaves everything empty where nothing is worth anything', () => {
    expect(patternOf(packed(sizes, [0, 0, 0]), sizes)).toEqual([0, 0, 0]);
    expect(packed([], []).value[WHOLE]).toBe(0);
  });
});
