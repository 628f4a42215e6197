import fc from 'fast-check';
import { packed, WHOLE } from './knapsack.ts';
import { sharePrices } from './share-prices.ts';

const asked = (...pairs: readonly (readonly [size: number, demand: number])[]) =>
  pairs.map(([size, demand]) => ({ size, demand }));

describe('sharePrices', () => {
  it.each([
    { name: 'halves cost a half', shares: asked([500, 10]), prices: [1 / 2] },
    { name: 'what fits twice costs a half, however much is left over', shares: asked([470, 10]), prices: [1 / 2] },
    { name: 'what fills the rest of plentiful others is free', shares: asked([160, 5], [810, 10]), prices: [0, 1] },
    {
      name: 'scarce company makes the large share cheap',
      shares: asked([160, 100], [810, 10]),
      prices: [1 / 6, 5 / 6],
    },
    { name: 'nothing is asked for', shares: [], prices: [] },
  ])('$name', ({ shares, prices }) => {
    const found = sharePrices(shares);
    expect(found).toHaveLength(prices.length);
    prices.forEach((price, at) => expect(found[at]).toBeCloseTo(price, 9));
  });

  const anyShares = fc
    .uniqueArray(fc.integer({ min: 10, max: WHOLE }), { maxLength: 20 })
    .chain((sizes) =>
      fc.tuple(...sizes.map((size) => fc.integer({ min: 1, max: 2000 }).map((demand) => ({ size, demand })))),
    );

  it('lets no pattern cost more than the accelerator it is cut from', () => {
    fc.assert(
      fc.property(anyShares, (shares) => {
        const prices = sharePrices(shares);
        for (const price of prices) expect(price).toBeGreaterThanOrEqual(0);
        expect(
          packed(
            shares.map(({ size }) => size),
            prices,
          ).value[WHOLE],
        ).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('is a bound between the volume of the demand and each size alone on its accelerators', () => {
    fc.assert(
      fc.property(anyShares, (shares) => {
        const prices = sharePrices(shares);
        const accelerators = shares.reduce((sum, { demand }, at) => sum + demand * prices[at]!, 0);
        const volume = shares.reduce((sum, { size, demand }) => sum + (demand * size) / WHOLE, 0);
        const alone = shares.reduce((sum, { size, demand }) => sum + demand / Math.floor(WHOLE / size), 0);
        expect(accelerators).toBeGreaterThanOrEqual(volume - 1e-6 * volume);
        expect(accelerators).toBeLessThanOrEqual(alone + 1e-6 * alone);
      }),
    );
  });
});
