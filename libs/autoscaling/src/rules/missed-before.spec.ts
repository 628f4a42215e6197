import { forMissedBefore, stillMissed } from './missed-before.ts';

describe('missed before', () => {
  const missed = { load: 40, replicas: 5, lastMs: 0 };
  it.each([
    { name: 'the same load', load: 40, atMs: 99_999, expected: 5 },
    { name: 'a higher load', load: 41, atMs: 99_999, expected: 6 },
    { name: 'a lower load', load: 24, atMs: 99_999, expected: 3 },
    { name: 'half the load for a moment', load: 20, atMs: 59_999, expected: 3 },
    { name: 'half the load for the whole window: forgotten', load: 20, atMs: 60_000, expected: 0 },
  ])('$name', ({ load, atMs, expected }) => {
    expect(forMissedBefore(stillMissed(missed, load, atMs, 60_000), load)).toBe(expected);
  });

  it('is kept fresh by a load above half', () => {
    expect(stillMissed(missed, 21, 99_999, 60_000)).toEqual({ ...missed, lastMs: 99_999 });
  });

  it('asks for nothing when nothing was missed', () => {
    expect(forMissedBefore(stillMissed(undefined, 40, 0, 60_000), 40)).toBe(0);
  });
});
