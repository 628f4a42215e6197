import { aPolicy } from '../../test/builders.ts';
import { forQueueWait } from './queue-wait.ts';

describe('queue wait', () => {
  const policy = aPolicy({ targetConcurrency: 4, maxQueueWaitMs: 1_000 });
  it.each([
    { name: 'within the limit', ready: 2, waiting: 9, oldestWaitMs: 1_000, expected: 0 },
    { name: 'above it, one more per four that wait', ready: 2, waiting: 9, oldestWaitMs: 1_001, expected: 5 },
    { name: 'nobody waits, the measure is old', ready: 2, waiting: 0, oldestWaitMs: 9_999, expected: 0 },
  ])('$name', ({ ready, waiting, oldestWaitMs, expected }) => {
    expect(forQueueWait(policy, ready, waiting, oldestWaitMs)).toBe(expected);
  });
});
