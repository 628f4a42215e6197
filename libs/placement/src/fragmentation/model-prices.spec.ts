import { accelerators, aNode, GIB } from '../../test/builders.ts';
import type { Demand } from './demand-mix.ts';
import { capacityOf, modelPrices } from './model-prices.ts';

describe('modelPrices', () => {
  const nodes = [
    aNode({ nodeId: 'nod_1', accelerators: accelerators(6, { model: 'H100' }) }),
    aNode({ nodeId: 'nod_2', accelerators: accelerators(2, { model: 'L40S' }) }),
  ];
  const whole = (models: readonly string[], arrivals: number): Demand => ({
    models,
    count: 1,
    memoryBytesEach: 80 * GIB,
    exclusive: false,
    cpuMilli: 0,
    arrivals,
  });
  const priceOf = (model: string, ...mix: readonly Demand[]): number => modelPrices(mix, capacityOf(nodes)).get(model)!;

  it.each([
    { name: 'nobody depends on it', mix: [whole([], 10)], price: 0 },
    { name: 'everything is allowed by name', mix: [whole(['H100', 'L40S'], 10)], price: 0 },
    {
      name: 'a quarter of the work needs a quarter of the cluster',
      mix: [whole([], 3), whole(['L40S'], 1)],
      price: 0.3,
    },
    { name: 'half as much', mix: [whole([], 7), whole(['L40S'], 1)], price: 0.3 / 4 },
    { name: 'a half in size', mix: [whole([], 3), { ...whole(['L40S'], 2), memoryBytesEach: 40 * GIB }], price: 0.3 },
    { name: 'far too much, up to a limit', mix: [whole(['L40S'], 10)], price: 0.3 * 1.5 * 1.5 },
    { name: 'a model the cluster does not have', mix: [whole(['B200'], 10)], price: 0 },
  ])('when $name: $price', ({ mix, price }) => {
    expect(priceOf('L40S', ...mix)).toBeCloseTo(price, 9);
  });

  it('spreads a demand evenly over what it allows', () => {
    const three = [...nodes, aNode({ nodeId: 'nod_3', accelerators: accelerators(2, { model: 'A100' }) })];
    const prices = modelPrices([whole([], 4), whole(['L40S', 'A100'], 1)], capacityOf(three));
    // 10 accelerators: a fifth of the work takes 2 of the 4 that are allowed.
    for (const model of ['L40S', 'A100']) expect(prices.get(model)).toBeCloseTo(0.3 / 4, 9);
    expect(prices.get('H100')).toBe(0);
  });
});
