import type { Tier } from '../policy/policy.ts';
import { cheapestTier } from './idle-tier.ts';

describe('idle tier', () => {
  const vram: Tier = { name: 'vram', wakeMs: 0, microEuroPerHour: 3_600_000 };
  const hostRam: Tier = { name: 'hostRam', wakeMs: 4_000, microEuroPerHour: 36_000 };
  const none: Tier = { name: 'none', wakeMs: 20_000, microEuroPerHour: 0 };
  const minutely = 1e9 / 60_000;
  const absence = { returnsPerGms: minutely, microEuroPerSavedSecond: 0, otherwiseMs: Infinity };

  // Holding costs 1000 micro-euro a second. A start of 20 s a minute occupies a third of that, and its wait is added.
  it.each([
    { name: 'a saved second is worth nothing', tiers: [vram, none], price: 0, expected: 'none' },
    { name: 'ski rental: even at a start every 20 s', tiers: [vram, none], price: 0, rate: 3, expected: 'vram' },
    { name: 'worth two seconds of holding: even', tiers: [vram, none], price: 2_000, expected: 'vram' },
    { name: 'worth a little less', tiers: [vram, none], price: 1_990, expected: 'none' },
    { name: 'host RAM in between', tiers: [vram, hostRam, none], price: 2_000, expected: 'hostRam' },
    { name: 'host RAM is too slow', tiers: [vram, hostRam, none], price: 20_000, expected: 'vram' },
    { name: 'hardly ever needed', tiers: [vram, hostRam, none], price: 2_000, rate: 0.001, expected: 'none' },
    { name: 'another frees at once', tiers: [vram, none], price: 9_000, otherwiseMs: 100, expected: 'none' },
  ])('$name: $expected', ({ tiers, price, rate = 1, otherwiseMs = Infinity, expected }) => {
    const at = { ...absence, returnsPerGms: minutely * rate, microEuroPerSavedSecond: price, otherwiseMs };
    expect(cheapestTier(tiers, at).name).toBe(expected);
  });
});
