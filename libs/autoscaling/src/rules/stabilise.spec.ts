import { stabilised, type Wishes, withWish } from './stabilise.ts';

describe('stabilisation', () => {
  const after = (windowMs: number, wishes: readonly (readonly [number, number])[]): Wishes =>
    wishes.reduce<Wishes>((all, [atMs, replicas]) => withWish(all, atMs, replicas, windowMs), []);

  it.each([
    {
      name: 'goes up at once',
      wishes: [
        [0, 1],
        [1, 5],
      ] as const,
      expected: 5,
    },
    {
      name: 'stays while more was wanted in the window',
      wishes: [
        [0, 5],
        [99_999, 1],
      ] as const,
      expected: 5,
    },
    {
      name: 'goes down after it',
      wishes: [
        [0, 5],
        [100_000, 1],
      ] as const,
      expected: 1,
    },
    {
      name: 'a wish repeated counts from its last time',
      wishes: [
        [0, 5],
        [6_000, 5],
        [105_999, 1],
      ] as const,
      expected: 5,
    },
    {
      name: 'a clock that goes back forgets the future',
      wishes: [
        [50_000, 5],
        [0, 1],
      ] as const,
      expected: 1,
    },
  ])('$name', ({ wishes, expected }) => {
    expect(stabilised(after(100_000, wishes))).toBe(expected);
  });

  it('knows only this wish when there is no window', () => {
    expect(
      after(0, [
        [0, 5],
        [0, 1],
      ]),
    ).toEqual([[0, 1]]);
  });

  it('stays small however often it is asked', () => {
    const wishes = Array.from({ length: 10_000 }, (_, at) => [at * 10, at % 7] as const);
    expect(after(60_000, wishes).length).toBeLessThanOrEqual(17);
  });
});
