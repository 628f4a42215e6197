import { Usable } from './usable.ts';

describe('Usable', () => {
  const half = { count: 1, size: 500, cpuMilli: 0, weight: 1 };
  const pair = { count: 2, size: 1000, cpuMilli: 0, weight: 1 };

  it.each([
    { name: 'a hole that is large enough counts whole', asks: [half], free: [700, 1000], usable: 1700 },
    { name: 'a hole that is too small counts nothing', asks: [half], free: [499, 1000], usable: 1000 },
    { name: 'a group needs as many at once', asks: [pair], free: [1000, 900, 1000], usable: 2000 },
    { name: 'a group that is too large leaves nothing usable', asks: [pair], free: [1000, 900, 0], usable: 0 },
    {
      name: 'kinds count by weight',
      asks: [
        { ...half, weight: 0.75 },
        { ...pair, weight: 0.25 },
      ],
      free: [1000, 600],
      usable: 1200,
    },
    { name: 'nothing is free', asks: [half], free: [], usable: 0 },
  ])('$name', ({ asks, free, usable }) => {
    expect(new Usable(asks).of(free, 8000)).toBe(usable);
  });

  it.each([
    { cpuMilli: 16_000, usable: 2000 },
    { cpuMilli: 8000, usable: 1000 },
    { cpuMilli: 2000, usable: 250 },
    { cpuMilli: 0, usable: 0 },
  ])('is capped by $cpuMilli thousandths of cores', ({ cpuMilli, usable }) => {
    expect(new Usable([{ count: 1, size: 1000, cpuMilli: 8000, weight: 1 }]).of([1000, 1000], cpuMilli)).toBe(usable);
  });

  it('caps each kind of equal size by its own cores', () => {
    const hungry = { count: 1, size: 1000, cpuMilli: 8000, weight: 0.5 };
    const frugal = { count: 1, size: 1000, cpuMilli: 1000, weight: 0.5 };
    expect(new Usable([hungry, frugal]).of([1000, 1000], 4000)).toBe(0.5 * 500 + 0.5 * 2000);
  });
});
