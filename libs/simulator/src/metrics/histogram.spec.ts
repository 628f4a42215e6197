import { SeededRandom } from '@ostro/kernel';
import { Histogram } from './histogram.ts';

describe('a histogram', () => {
  it.each([500, 950, 990])('is within 1 %% of the true percentile %i', (milli) => {
    const random = new SeededRandom(milli);
    const values = Array.from({ length: 5000 }, () => random.below(1_000_000) ** 2 / 1e6);
    const histogram = new Histogram();
    for (const value of values) histogram.add(value);
    const sorted = values.sort((a, b) => a - b);
    const truth = sorted[Math.ceil((sorted.length * milli) / 1000) - 1]!;
    expect(Math.abs(histogram.percentile(milli)! / truth - 1)).toBeLessThan(0.01);
  });

  it('keeps mean, count and maximum as they are', () => {
    const histogram = new Histogram();
    for (const value of [1, 2, 6]) histogram.add(value);
    expect(histogram.summary()).toMatchObject({ count: 3, mean: 3, max: 6 });
  });

  it('of nothing has no percentile, and zeros in its summary', () => {
    expect(new Histogram().percentile(990)).toBeNull();
    expect(new Histogram().summary()).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
