import { aPolicy } from '../../test/builders.ts';
import { forConcurrency } from './concurrency.ts';

describe('concurrency', () => {
  it.each([
    { load: 0, target: 1, expected: 0 },
    { load: 1, target: 1, expected: 1 },
    { load: 8, target: 8, expected: 1 },
    { load: 9, target: 8, expected: 2 },
    { load: 0.5, target: 8, expected: 1 },
  ])('wants $expected for $load requests at $target each', ({ load, target, expected }) => {
    expect(forConcurrency(aPolicy({ targetConcurrency: target }), load)).toBe(expected);
  });
});
