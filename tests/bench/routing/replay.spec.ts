import { blockHashes } from '@ostro/routing';
import { beladyHitRatio } from './belady.ts';
import { hash2, leastLoad, longestPrefix, ostro, roundRobin } from './policies.ts';
import { replay, type ReplayOptions } from './replay.ts';
import { type Arrival, BLOCK_TOKENS, withHotPrefix } from './trace.ts';

/** Full blocks, so that tokens are easy to count by hand. */
function arrivals(prompts: readonly (readonly number[])[]): readonly Arrival[] {
  return prompts.map((ids, at) => ({
    atMs: at * 1000,
    inputTokens: ids.length * BLOCK_TOKENS,
    ids,
    blocks: blockHashes(ids),
  }));
}

function on(replicas: number, cacheBlocks: number, policy: ReplayOptions['policy']): ReplayOptions {
  return { replicas, cacheTokens: cacheBlocks * BLOCK_TOKENS, gateways: 1, policy };
}

const first: ReplayOptions['policy'] = () => ({ pick: () => 0 });

describe('replay', () => {
  it('counts the leading blocks that are cached, and no others', () => {
    const trace = arrivals([
      [1, 2],
      [1, 2, 3, 4],
      [9, 2, 3, 4],
    ]);
    expect(replay(trace, on(1, 100, first)).hitRatio).toBeCloseTo(2 / 10, 12);
  });

  it('forgets what was used longest ago, prompts from their end', () => {
    const trace = arrivals([
      [1, 2, 3],
      [4, 5],
      [1, 2, 3],
    ]);
    // Of the first prompt two blocks are left, of which 1 leads.
    expect(replay(trace, on(1, 4, first)).hitRatio).toBeCloseTo(2 / 8, 12);
  });

  it('is unbalanced by what the busiest computes beyond the average, and not by what was cached', () => {
    const trace = arrivals([[1, 2, 3], [4], [1, 2, 3], [1, 2, 3]]);
    const inTurn = replay(trace, on(2, 100, roundRobin));
    // Replica 0 computes 1, 2, 3; replica 1 computes 4, then 1, 2, 3.
    expect(inTurn.imbalance).toBeCloseTo(4 / 3.5, 12);
    expect(replay(trace, on(2, 100, first)).imbalance).toBeCloseTo(2, 12);
  });

  it('refuses what would wait too long, and counts it', () => {
    const trace = arrivals(Array.from({ length: 300 }, (_, at) => [at]));
    expect(replay(trace, on(4, 100, first)).refused).toBeGreaterThan(0);
    expect(replay(trace, on(4, 100, leastLoad)).refused).toBe(0);
  });

  it.each(Object.entries({ ostro: ostro({ ...on(4, 64, first) }), hash2, longestPrefix }))(
    'serves every request of a light load once: %s',
    (_name, policy) => {
      const trace = arrivals(Array.from({ length: 40 }, (_, at) => [at % 5, 100 + (at % 5), 1000 + at]));
      const { refused, hitRatio } = replay(trace, on(4, 64, policy));
      expect(refused).toBe(0);
      expect(hitRatio).toBeGreaterThan(0.3);
    },
  );
});

describe('the offline optimum', () => {
  it('keeps what is used again soonest, and not what never is', () => {
    const trace = arrivals([[1], [2], [3], [1], [2]]);
    expect(beladyHitRatio(trace, 2)).toBeCloseTo(2 / 5, 12);
    expect(replay(trace, on(1, 2, first)).hitRatio).toBe(0);
  });

  it('is an endless cache where everything fits', () => {
    const trace = arrivals([[1, 2], [3], [1, 2, 4]]);
    expect(beladyHitRatio(trace, 100)).toBeCloseTo(replay(trace, on(1, 100, first)).hitRatio, 12);
  });
});

describe('a hot prefix', () => {
  const trace = arrivals(Array.from({ length: 1000 }, (_, at) => [0, at, 5000 + at]));

  it('comes before about the share of the conversations that is asked for', () => {
    const hot = withHotPrefix(trace, 0.31, 8).filter(({ ids }) => ids.length === 11);
    expect(hot.length / trace.length).toBeGreaterThan(0.27);
    expect(hot.length / trace.length).toBeLessThan(0.35);
    expect(new Set(hot.map(({ ids }) => ids.slice(0, 8).join())).size).toBe(1);
  });

  it('makes other blocks of what follows it, since a block stands for all before it', () => {
    const plain = new Set(trace.flatMap(({ ids }) => ids));
    const hot = withHotPrefix(trace, 0.31, 8).filter(({ ids }) => ids.length === 11);
    expect(hot.flatMap(({ ids }) => ids).some((id) => plain.has(id))).toBe(false);
  });
});
