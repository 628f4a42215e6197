import { FixedTimeEngine } from './fixed-time-engine.ts';

it('serves so many at once, the next when one ends, in order of arrival', () => {
  const engine = new FixedTimeEngine(2);
  const ended: [number, number][] = [];
  const listener = { firstToken: () => undefined, finished: (id: number, atMs: number) => void ended.push([id, atMs]) };
  [100, 30, 50, 10].forEach((serviceMs, id) => engine.submit({ id, inputTokens: 0, outputTokens: 0, serviceMs }, 0));
  expect(engine.load()).toMatchObject({ running: 2, waiting: 2 });
  engine.advance(1000, listener);
  expect(ended).toEqual([
    [1, 30],
    [2, 80],
    [3, 90],
    [0, 100],
  ]);
  expect(engine.nextMs()).toBe(Infinity);
});

it.each([undefined, Number.NaN, -1, Infinity])('refuses a service time of %p', (serviceMs) => {
  const request = { id: 1, inputTokens: 0, outputTokens: 0, ...(serviceMs === undefined ? {} : { serviceMs }) };
  expect(new FixedTimeEngine(1).refusal(request)).toContain('serviceMs');
});
