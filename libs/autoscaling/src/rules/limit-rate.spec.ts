import { aPolicy } from '../../test/builders.ts';
import { limitRate, minuteStart } from './limit-rate.ts';

describe('rate', () => {
  const policy = aPolicy({ scaleUp: { maxPerMinute: 3 }, scaleDown: { maxPerMinute: 1, stabilisationMs: 0 } });
  const start = { atMs: 0, replicas: 5 };
  it.each([
    { wanted: 9, current: 5, expected: 8 },
    { wanted: 7, current: 5, expected: 7 },
    { wanted: 4, current: 5, expected: 4 },
    { wanted: 0, current: 5, expected: 4 },
    { wanted: 12, current: 11, expected: 11 },
    { wanted: 0, current: 2, expected: 2 },
  ])('lets $wanted be $expected when the minute began with 5 and there are $current', (given) => {
    expect(limitRate(policy, start, given.current, given.wanted)).toBe(given.expected);
  });

  it.each([
    { name: 'the first call begins one', before: undefined, nowMs: 0, expected: { atMs: 0, replicas: 9 } },
    { name: 'within it', before: start, nowMs: 59_999, expected: start },
    { name: 'after it', before: start, nowMs: 60_000, expected: { atMs: 60_000, replicas: 9 } },
    { name: 'a clock that goes back', before: start, nowMs: -1, expected: { atMs: -1, replicas: 9 } },
  ])('minute: $name', ({ before, nowMs, expected }) => {
    expect(minuteStart(before, nowMs, 9)).toEqual(expected);
  });
});
