import { servedSooner } from './late-binding.ts';

describe('late binding', () => {
  const wakeMs = 20_000;
  it.each([
    { name: 'nothing runs, so nothing frees', waiting: 3, running: 0, starting: 0, serviceMs: 1, expected: 0 },
    { name: 'one frees in 15 s, before a start', waiting: 1, running: 1, starting: 0, serviceMs: 15_000, expected: 1 },
    { name: 'one frees in 25 s, after a start', waiting: 1, running: 1, starting: 0, serviceMs: 25_000, expected: 0 },
    { name: 'the second in line waits twice', waiting: 2, running: 1, starting: 0, serviceMs: 15_000, expected: 1 },
    { name: 'two replicas free twice as fast', waiting: 2, running: 2, starting: 0, serviceMs: 15_000, expected: 2 },
    { name: 'what starts already takes its share', waiting: 2, running: 2, starting: 1, serviceMs: 1, expected: 1 },
    { name: 'service takes no time', waiting: 5, running: 1, starting: 0, serviceMs: 0, expected: 5 },
  ])('$name', ({ expected, name: _, ...waiting }) => {
    expect(servedSooner({ ...waiting, wakeMs })).toBe(expected);
  });
});
