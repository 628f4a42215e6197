import { Optimum } from './optimum.ts';

describe('the clairvoyant optimum', () => {
  const ms = (loadMs: number, ...requests: readonly (readonly [atMs: number, serviceMs: number, model?: string])[]) => {
    const optimum = new Optimum(loadMs);
    for (const [atMs, serviceMs, model = 'a'] of requests) optimum.add({ atMs, serviceMs, model });
    return optimum.ms;
  };

  it.each([
    { name: 'one request: a start and its service', requests: [[0, 10]] as const, expected: 100 + 10 },
    {
      name: 'a short gap is held',
      requests: [
        [0, 10],
        [60, 10],
      ] as const,
      expected: 100 + 10 + 50 + 10,
    },
    {
      name: 'a long gap is started again',
      requests: [
        [0, 10],
        [500, 10],
      ] as const,
      expected: 200 + 20,
    },
    {
      name: 'two at a time need two replicas',
      requests: [
        [0, 10],
        [5, 10],
      ] as const,
      expected: 200 + 20,
    },
    {
      name: 'the last used is reused first',
      requests: [
        [0, 10],
        [0, 30],
        [40, 5],
      ] as const,
      expected: 200 + 40 + 10 + 5,
    },
    {
      name: 'one that ends as another comes serves it',
      requests: [
        [0, 10],
        [10, 10],
      ] as const,
      expected: 100 + 20,
    },
    {
      name: 'models share nothing',
      requests: [
        [0, 10],
        [20, 10, 'b'],
      ] as const,
      expected: 200 + 20,
    },
  ])('$name', ({ requests, expected }) => {
    expect(ms(100, ...requests)).toBe(expected);
  });
});
