import { SeededRandom } from '@ostro/kernel';
import { type Held, KvPool } from './kv-pool.ts';

/** 64 blocks of 16 tokens; a prefix block of 64 tokens takes four of them. */
const pool = (): KvPool => new KvPool(64 * 16, 64);

describe('a pool of KV blocks', () => {
  it('takes whole blocks and gives them back', () => {
    const kv = pool();
    const taken = kv.take(17, { inputTokens: 17 })!;
    expect(kv.freeBlocks).toBe(62);
    kv.release(taken.held, taken.held.privateBlocks);
    expect(kv.freeBlocks).toBe(64);
  });

  it('counts a prefix that two share once', () => {
    const kv = pool();
    kv.take(128, { inputTokens: 128, prefixBlocks: [1, 2] });
    expect(kv.freeBlocks).toBe(56);
    expect(kv.take(144, { inputTokens: 144, prefixBlocks: [1, 2] })!.cachedTokens).toBe(128);
    expect(kv.freeBlocks).toBe(55);
  });

  it('leaves free what running sequences need to grow', () => {
    expect(pool().take(64 * 16, { inputTokens: 64 * 16, spareBlocks: 1 })).toBeUndefined();
    expect(pool().take(63 * 16, { inputTokens: 63 * 16, spareBlocks: 1 })).toBeDefined();
  });

  it('refuses what fits only if shared blocks in use were free', () => {
    const kv = pool();
    expect(kv.take(64 * 16, { inputTokens: 64 * 16 })).toBeDefined();
    expect(kv.take(64, { inputTokens: 64, prefixBlocks: [1] })).toBeUndefined();
  });

  it('leaves prefix blocks behind until their memory is wanted, least recently used first', () => {
    const kv = pool();
    for (const block of [1, 2]) {
      const { held } = kv.take(64, { inputTokens: 64, prefixBlocks: [block] })!;
      kv.release(held, held.privateBlocks);
    }
    expect(kv.freeBlocks).toBe(64);
    const { held } = kv.take(60 * 16, { inputTokens: 60 * 16 })!;
    kv.release(held, held.privateBlocks);
    expect(kv.take(64, { inputTokens: 64, prefixBlocks: [1] })!.cachedTokens).toBe(0);
    expect(kv.take(64, { inputTokens: 64, prefixBlocks: [2] })!.cachedTokens).toBe(63);
  });

  it('is never overfull, whatever comes and goes, and is free at the end', () => {
    const random = new SeededRandom(4);
    const kv = pool();
    const held: Held[] = [];
    for (let step = 0; step < 5000; step++) {
      if (random.below(2) === 0 && held.length > 0) {
        const [leaving] = held.splice(random.below(held.length), 1);
        kv.release(leaving!, leaving!.privateBlocks);
      } else {
        const tokens = 1 + random.below(400);
        const prefix = Array.from({ length: 1 + random.below(6) }, (_, at) => 10 * at + random.below(3));
        const taken = kv.take(tokens, { inputTokens: tokens, prefixBlocks: prefix });
        if (taken !== undefined) held.push(taken.held);
      }
      expect(kv.freeBlocks).toBeGreaterThanOrEqual(0);
      expect(kv.usedMilli).toBeLessThanOrEqual(1000);
    }
    for (const each of held) kv.release(each, each.privateBlocks);
    expect(kv.freeBlocks).toBe(64);
  });
});
