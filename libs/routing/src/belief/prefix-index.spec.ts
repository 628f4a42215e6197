import fc from 'fast-check';
import { range } from '../../test/builders.ts';
import { blockHashes } from '../request.ts';
import { PrefixIndex } from './prefix-index.ts';

/** What the index promises, written the slow way: a list of blocks for each slot, newest first. */
class SlowIndex {
  readonly #slots: number[][] = [];
  readonly #capacities: number[] = [];

  setCapacity(slot: number, blocks: number): void {
    this.#capacities[slot] = blocks;
    this.#slots[slot] = (this.#slots[slot] ?? []).slice(0, blocks);
  }

  insert(ids: readonly number[], slot: number): number {
    const held = this.depth(ids, slot);
    const kept = ids.slice(0, this.#capacities[slot]);
    const others = this.#slots[slot]!.filter((id) => !kept.includes(id));
    this.#slots[slot] = [...kept, ...others].slice(0, this.#capacities[slot]);
    return held;
  }

  held(slot: number): number {
    return this.#slots[slot]!.length;
  }

  depth(ids: readonly number[], slot: number): number {
    const missing = ids.findIndex((id) => !this.#slots[slot]!.includes(id));
    return missing === -1 ? ids.length : missing;
  }
}

/** Prompts as paths in a tree: the number of a block tells all before it. */
const prompt = fc
  .array(fc.integer({ min: 1, max: 2 }), { maxLength: 12 })
  .map((turns) => turns.map((_, at) => turns.slice(0, at + 1).reduce((id, turn) => id * 4 + turn, 0)));

const SLOTS = range(0, 3);
const NEVER_COMMON = 1;

describe('the index of prefixes', () => {
  it('believes exactly what caches of that size hold', () => {
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.record({ slot: fc.constantFrom(...SLOTS), ids: prompt }) },
      {
        weight: 1,
        arbitrary: fc.record({ slot: fc.constantFrom(...SLOTS), capacity: fc.integer({ min: 0, max: 30 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), prompt, (steps, asked) => {
        const index = new PrefixIndex();
        const slow = new SlowIndex();
        for (const each of [index, slow]) SLOTS.forEach((slot) => each.setCapacity(slot, 15));
        for (const { slot, ...does } of steps) {
          if ('capacity' in does) [index, slow].forEach((each) => each.setCapacity(slot, does.capacity));
          else expect(index.insert(blockHashes(does.ids), slot)).toBe(slow.insert(does.ids, slot));
        }
        const matches = index.matches(blockHashes(asked), NEVER_COMMON);
        for (const slot of SLOTS) {
          expect(index.held(slot)).toBe(slow.held(slot));
          expect(matches.find((match) => match.slot === slot)?.blocks ?? 0).toBe(slow.depth(asked, slot));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('forgets a prompt from its end', () => {
    const index = new PrefixIndex();
    index.setCapacity(0, 5);
    index.insert(blockHashes([1, 2, 3, 4]), 0);
    index.insert(blockHashes([9, 8]), 0);
    expect(index.matches(blockHashes([1, 2, 3, 4]), NEVER_COMMON)).toEqual([{ slot: 0, blocks: 3 }]);
    expect(index.insert(blockHashes([1, 2, 3, 4]), 0)).toBe(3);
  });

  it('tells apart blocks whose hashes differ in their upper half only', () => {
    const index = new PrefixIndex();
    index.setCapacity(0, 5);
    index.insert(blockHashes([2 ** 32 + 7]), 0);
    expect(index.matches(blockHashes([7]), NEVER_COMMON)).toEqual([]);
    expect(index.matches(blockHashes([2 ** 32 + 7]), NEVER_COMMON)).toHaveLength(1);
  });

  it('calls common what more than one request in n carries, and only lately', () => {
    const index = new PrefixIndex();
    index.setCapacity(0, 100);
    const come = (count: number, ...ids: number[]) => {
      for (let at = 0; at < count; at += 1) {
        index.insert(blockHashes(ids), 0);
        index.count(blockHashes(ids));
      }
    };
    const holders = (n: number) => index.matches(blockHashes([1]), n).length;
    come(8, 1);
    expect(holders(8)).toBe(1);
    come(1, 1);
    expect(holders(8)).toBe(0);
    come(9 * 7, 2);
    expect([holders(8), holders(7)]).toEqual([1, 1]);
    come(500, 1);
    expect(holders(8)).toBe(0);
    come(5_000, 2);
    expect(holders(8)).toBe(1);
  });

  it('tells no more than 64 holders apart', () => {
    const index = new PrefixIndex();
    for (const slot of range(0, 199)) {
      index.setCapacity(slot, 10);
      index.insert(blockHashes([1, 2]), slot);
    }
    expect(index.matches(blockHashes([1, 2]), NEVER_COMMON)).toHaveLength(64);
  });

  it('ends, whatever a broken trace repeats in one prompt', () => {
    const prompt = fc.array(fc.nat({ max: 3 }), { maxLength: 7 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(prompt, fc.nat({ max: 2 })), { maxLength: 60 }),
        fc.nat({ max: 12 }),
        (prompts, capacity) => {
          const index = new PrefixIndex();
          for (const slot of range(0, 2)) index.setCapacity(slot, capacity);
          for (const [ids, slot] of prompts) {
            index.insert(blockHashes(ids), slot);
            expect(index.held(slot)).toBeLessThanOrEqual(capacity);
          }
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  it('costs at most 80 bytes a block where each is a prompt of its own', () => {
    const index = new PrefixIndex();
    index.setCapacity(0, 20_000);
    for (let at = 0; at < 60_000; at += 1) index.insert(blockHashes([at * 7_919]), 0);
    expect(index.held(0)).toBe(20_000);
    expect(index.bytes / 20_000).toBeLessThan(80);
  });

  it('costs at most 64 bytes a block, also after long use', () => {
    const index = new PrefixIndex();
    for (const slot of SLOTS) index.setCapacity(slot, 5_000);
    for (let at = 0; at < 10_000; at += 1) {
      const system = range(1, 4).map((block) => (at % 7) * 10 + block);
      index.insert(blockHashes([...system, ...range(1, 3 + (at % 9)).map((block) => 1_000 + at * 20 + block)]), at % 4);
    }
    const held = SLOTS.reduce((sum, slot) => sum + index.held(slot), 0);
    expect(held).toBe(20_000);
    expect(index.bytes / held).toBeLessThan(64);
  });
});
