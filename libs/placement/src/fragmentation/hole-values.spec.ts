import { holeValues } from './hole-values.ts';

describe('holeValues', () => {
  const values = holeValues([
    { size: 160, demand: 5 },
    { size: 470, demand: 20 },
    { size: 810, demand: 20 },
  ]);

  it.each([
    { hole: 0, value: 0 },
    { hole: 190, value: 0 },
    { hole: 469, value: 0 },
    { hole: 470, value: 500 },
    { hole: 530, value: 500 },
    { hole: 940, value: 1000 },
    { hole: 1000, value: 1000 },
  ])('values a hole of $hole at $value', ({ hole, value }) => {
    expect(values[hole]).toBeCloseTo(value, 6);
  });

  it('values a whole accelerator as one even where shares never fill it', () => {
    expect(holeValues([{ size: 160, demand: 1 }])[999]).toBeCloseTo(1000, 6);
    expect(holeValues([{ size: 160, demand: 1 }])[1000]).toBe(1000);
  });

  it('adds up shares of one size', () => {
    const once = holeValues([{ size: 300, demand: 2 }]);
    expect(
      holeValues([
        { size: 300, demand: 1 },
        { size: 300, demand: 1 },
      ]),
    ).toEqual(once);
  });

  it('prefers tight holes while no shares are known', () => {
    const unknown = holeValues([]);
    expect(unknown[1000]).toBe(1000);
    expect(unknown[500]! - unknown[400]!).toBeLessThan(unknown[1000]! - unknown[900]!);
  });
});
