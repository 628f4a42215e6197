import { MINUTE_MS } from '../../test/builders.ts';
import { type Arrivals, arrivalRate, busyness, withArrivals } from './arrivals.ts';

describe('arrivals', () => {
  const after = (...counts: readonly (readonly [minute: number, count: number])[]): Arrivals =>
    counts.reduce<Arrivals>((all, [minute, count]) => withArrivals(all, minute * MINUTE_MS, count), []);

  it.each([
    { name: 'none', counts: [] as const, minute: 0, expected: 0 },
    {
      name: 'two of now count five quarters each',
      counts: [
        [0, 1],
        [0, 1],
      ] as const,
      minute: 0,
      expected: 10,
    },
    { name: 'ten minutes ago counts one quarter', counts: [[0, 2]] as const, minute: 10, expected: 2 },
    { name: 'an hour ago counts nothing', counts: [[0, 2]] as const, minute: 60, expected: 0 },
    {
      name: 'recent and old add up',
      counts: [
        [0, 2],
        [30, 1],
      ] as const,
      minute: 35,
      expected: 7,
    },
  ])('busyness: $name', ({ counts, minute, expected }) => {
    expect(busyness(after(...counts), minute * MINUTE_MS)).toBe(expected);
  });

  it('remembers an hour at most', () => {
    const all = after(...Array.from({ length: 500 }, (_, minute) => [minute, 1] as const));
    expect(all).toHaveLength(60);
  });

  it('has four quarters to an arrival in ten minutes', () => {
    expect(arrivalRate(4)).toBe(1 / (10 * MINUTE_MS));
  });
});
